import { describe, expect, test } from 'bun:test';
import { expectPlainExposition } from './exposition.fixture.ts';
import { counted } from './metric-sources.ts';
import { createMetrics, type MetricSources } from './metrics.ts';

const sources: MetricSources = {
  storage: async () => ({ usedBytes: 1000, freeBytes: 2000, backups: 3, damaged: 0 }),
  memory: () => ({ answering: { bytes: 100, limitBytes: 900 }, worker: { bytes: 50, limitBytes: 800 } }),
  operations: async () => ({
    queued: 1,
    running: 2,
    lastSuccess: { backup: new Date(1_700_000_000_500) },
    lastComplete: new Date(1_600_000_000_500),
  }),
};
const busy = () => {
  const metrics = createMetrics({ version: '1.2.3', sources });
  metrics.requestAnswered({ route: 'trpc', status: 200, seconds: 0.01 });
  metrics.operationFinished({ kind: 'backup', outcome: 'succeeded', seconds: 12, bytes: 500, rows: 7 });
  metrics.operationFinished({ kind: 'backup', outcome: 'succeeded', seconds: 3, bytes: 500, rows: 7 });
  metrics.operationFinished({ kind: 'backup', outcome: 'partial', seconds: 3, bytes: 500, rows: 7 });
  metrics.operationFinished({ kind: 'restore', outcome: 'failed', seconds: 1, bytes: 0, rows: 0 });
  return metrics;
};
const promtool = Bun.which('promtool');

describe('createMetrics()', () => {
  test('tells operations, storage, queue and requests', async () => {
    const { text } = await busy().read();
    for (const line of [
      'palace_backup_build_info{version="1.2.3"} 1',
      'palace_backup_operations_total{kind="backup",outcome="succeeded"} 2',
      'palace_backup_operations_total{kind="backup",outcome="partial"} 1',
      'palace_backup_operations_total{kind="restore",outcome="failed"} 1',
      'palace_backup_operation_duration_seconds_sum{kind="backup",outcome="succeeded"} 15',
      'palace_backup_operation_duration_seconds_bucket{le="5",kind="backup",outcome="succeeded"} 1',
      'palace_backup_operation_bytes_total{kind="backup"} 1500',
      'palace_backup_operation_rows_total{kind="backup"} 21',
      'palace_backup_storage_used_bytes 1000',
      'palace_backup_storage_free_bytes 2000',
      'palace_backup_storage_backups 3',
      'palace_backup_storage_damaged_backups 0',
      'palace_backup_memory_bytes{process="answering"} 100',
      'palace_backup_memory_limit_bytes{process="worker"} 800',
      'palace_backup_queued_operations 1',
      'palace_backup_running_operations 2',
      'palace_backup_last_success_timestamp_seconds{kind="backup"} 1700000000.5',
      'palace_backup_last_complete_backup_timestamp_seconds 1600000000.5',
      'palace_backup_http_requests_total{route="trpc",status="200"} 1',
      'palace_backup_source_up{source="storage"} 1',
    ]) {
      expect(text.split('\n')).toContain(line);
    }
  });

  test('a backup that lacks something is counted apart from one that does not', async () => {
    const metrics = createMetrics({ version: '1.2.3', sources });
    let outcome = 'partial';
    const { backup } = counted({ backup: async () => ({ outcome, totalRecords: 5 }) }, metrics, () => new Date());
    const run = () => backup?.({} as never, { kind: 'backup', parameters: {}, actor: 'Ada' });
    await run();
    outcome = 'success';
    await run();
    const lines = (await metrics.read()).text.split('\n');
    expect(lines).toContain('palace_backup_operations_total{kind="backup",outcome="partial"} 1');
    expect(lines).toContain('palace_backup_operations_total{kind="backup",outcome="succeeded"} 1');
  });

  test('is written as the format demands, names after the rules', async () => {
    expectPlainExposition((await busy().read()).text);
  });

  test.skipIf(promtool === null)('passes `promtool check metrics`', async () => {
    const { text } = await busy().read();
    const child = Bun.spawn([promtool ?? '', 'check', 'metrics'], {
      stdin: new Blob([text]),
      stdout: 'pipe',
      stderr: 'pipe',
    });
    const said = `${await new Response(child.stdout).text()}${await new Response(child.stderr).text()}`;
    expect(said).toBe('');
    expect(await child.exited).toBe(0);
  });

  test('leaves out what cannot be asked, says so, and comes back', async () => {
    let down = false;
    const metrics = createMetrics({
      version: '1.2.3',
      sources: {
        storage: async () => {
          if (down) throw new Error('gone');
          return { usedBytes: 1000, freeBytes: null, backups: 3, damaged: 0 };
        },
        memory: sources.memory,
        operations: sources.operations,
      },
    });
    const linesOf = async () => (await metrics.read()).text.split('\n');
    expect(await linesOf()).toContain('palace_backup_storage_used_bytes 1000');
    down = true;
    const lines = await linesOf();
    expect(lines).toContain('palace_backup_source_up{source="storage"} 0');
    expect(lines.filter((line) => /^palace_backup_storage_\w+ /.test(line))).toEqual([]);
    expect(lines).toContain('palace_backup_queued_operations 1');
    expectPlainExposition(lines.join('\n'));
    down = false;
    const back = await linesOf();
    expect(back).toContain('palace_backup_storage_used_bytes 1000');
    expect(back.filter((line) => line.startsWith('palace_backup_storage_free_bytes'))).toEqual([]);
  });

  test('keeps the numbers of two servers in one process apart', async () => {
    busy();
    const { text } = await createMetrics({ version: '1.2.3', sources }).read();
    expect(text).not.toContain('palace_backup_operations_total{');
  });
});
