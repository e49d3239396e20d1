import { afterEach, beforeEach, expect, test } from 'bun:test';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { machineBinaries } from '../../../db/embedded/machine-postgres.ts';
import { isOurPostmaster, readPostmaster } from '../../../db/embedded/postmaster.ts';

const here = machineBinaries() !== null;
let work = '';
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'bench-test-'));
});
afterEach(() => rm(work, { recursive: true, force: true }));

function startBench(...words: string[]) {
  const line = [process.execPath, join(import.meta.dir, 'main.ts'), '--rows', '1000', '--work', work, ...words];
  return Bun.spawn(line, { stdio: ['ignore', 'pipe', 'pipe'] });
}

test.skipIf(!here)(
  'bench measures real processes of ours and the peers’, and our server through uploads, a download, backups and questions meanwhile, and leaves nothing behind',
  async () => {
    const run = startBench(
      '--only',
      'dump-c,backup-zstd,restore-empty,server',
      '--rounds',
      '1',
      '--load-seconds',
      '1',
      '--json',
    );
    const [said, errors, code] = await Promise.all([run.stdout.text(), run.stderr.text(), run.exited]);
    expect([code, code === 0 ? '' : errors]).toEqual([0, '']);
    const { data } = JSON.parse(said.trim().split('\n').at(-1) ?? '');
    const seen = data.results.map(
      (result: { key: string; peakRss: number | null; latency: { answers: number } | null }) => ({
        key: result.key,
        memory: (result.peakRss ?? 0) > 50e6,
        answers: (result.latency?.answers ?? 0) > 0,
      }),
    );
    const memory = process.platform === 'linux';
    expect(seen).toEqual([
      { key: 'dump-c', memory: expect.any(Boolean), answers: false },
      { key: 'backup-zstd', memory, answers: false },
      { key: 'restore-empty', memory, answers: false },
      { key: 'server-bytes', memory, answers: false },
      { key: 'server-list', memory, answers: true },
      { key: 'server-get', memory, answers: true },
    ]);
    expect(
      data.goals
        .map((goal: { of: string; kind: string }) => `${goal.of} ${goal.kind}`)
        .filter((goal: string) => !goal.startsWith('server')),
    ).toEqual(['backup-zstd size', 'backup-zstd memory', 'restore-empty memory']);
    expect(await readdir(work)).toEqual([]);
  },
  300_000,
);

test.skipIf(!here)('bench that is interrupted ends its server, removes its folder and exits with 130', async () => {
  const run = startBench();
  let said = '';
  for await (const piece of run.stderr.pipeThrough(new TextDecoderStream())) {
    said += piece;
    if (said.includes('round 1')) break;
  }
  const [folder = ''] = await readdir(work);
  const data = join(work, folder, 'server', 'data');
  const server = await readPostmaster(data);
  expect(server && isOurPostmaster(server.pid, data)).toBe(true);
  run.kill('SIGINT');
  expect(await run.exited).toBe(130);
  expect(server && isOurPostmaster(server.pid, data)).toBe(false);
  expect(await readdir(work)).toEqual([]);
});

test('bench refuses a name it does not know before it starts anything', async () => {
  const run = startBench('--only', 'dump-cc');
  const [said, code] = await Promise.all([run.stderr.text(), run.exited]);
  expect(code).toBe(4);
  expect(said).toMatch(/There are: .*dump-c/);
  expect(await readdir(work)).toEqual([]);
});
