import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import type { RequestMetrics } from '../../http/guards.ts';
import type { ProcessMemory } from './memory.ts';

/** Values read when metrics are scraped, rather than counted as they happen. */
export interface MetricSources {
  storage(): Promise<{ usedBytes: number; freeBytes: number | null; backups: number; damaged: number }>;
  memory(): ProcessMemory;
  /** Counts the operations of all processes, by their records. */
  operations(): Promise<{
    queued: number;
    running: number;
    lastSuccess: Record<string, Date>;
    /** The newest backup of all tables that lacks nothing and was not found damaged. */
    lastComplete: Date | null;
  }>;
}

export interface FinishedOperation {
  kind: string;
  /** `partial`: a backup was made, but something in the database is neither in it nor left out on purpose. */
  outcome: 'succeeded' | 'partial' | 'failed' | 'cancelled';
  seconds: number;
  /** Bytes of table rows moved or checked. */
  bytes: number;
  rows: number;
}

/** Metrics of this process. */
export interface Metrics extends RequestMetrics {
  /** Call once for each operation this process ran to its end. */
  operationFinished(facts: FinishedOperation): void;
  /** Returns the text for a scraper. A source that fails is left out and marked down; never rejects. */
  read(): Promise<{ contentType: string; text: string }>;
}

const OPERATION_SECONDS = [1, 5, 15, 60, 300, 900, 3600, 14_400];
const REQUEST_SECONDS = [0.005, 0.02, 0.1, 0.5, 2.5, 10, 60];

/** Creates the metrics in a registry of their own: nothing is shared, and nothing of the runtime is measured. */
export function createMetrics(deps: { version: string; sources: MetricSources }): Metrics {
  const registers = [new Registry()];
  const [registry] = registers as [Registry];
  const name = (rest: string) => `palace_backup_${rest}`;

  const build = new Gauge({ name: name('build_info'), help: 'Version.', labelNames: ['version'], registers });
  build.set({ version: deps.version }, 1);
  const requests = new Counter({
    name: name('http_requests_total'),
    help: 'HTTP requests answered, by kind of route and status.',
    labelNames: ['route', 'status'],
    registers,
  });
  const requestTime = new Histogram({
    name: name('http_request_duration_seconds'),
    help: 'Time to the beginning of the answer, by kind of route.',
    labelNames: ['route'],
    buckets: REQUEST_SECONDS,
    registers,
  });
  const operations = new Counter({
    name: name('operations_total'),
    help: 'Operations this process ran to their end, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    registers,
  });
  const operationTime = new Histogram({
    name: name('operation_duration_seconds'),
    help: 'Duration of operations this process ran, by kind and outcome.',
    labelNames: ['kind', 'outcome'],
    buckets: OPERATION_SECONDS,
    registers,
  });
  const operationBytes = new Counter({
    name: name('operation_bytes_total'),
    help: 'Bytes of rows that operations of this process moved or checked, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const operationRows = new Counter({
    name: name('operation_rows_total'),
    help: 'Rows that operations of this process moved or checked, by kind.',
    labelNames: ['kind'],
    registers,
  });
  const plain = (rest: string, help: string) => new Gauge({ name: name(rest), help, registers });
  const used = plain('storage_used_bytes', 'Size of all stored backups.');
  const free = plain('storage_free_bytes', 'Free space where backups are stored.');
  const backups = plain('storage_backups', 'Number of stored backups.');
  const damaged = plain('storage_damaged_backups', 'Stored backups that were found damaged, and not intact since.');
  const queued = plain('queued_operations', 'Operations that wait, of all processes.');
  const running = plain('running_operations', 'Operations that run, of all processes.');
  const lastSuccess = new Gauge({
    name: name('last_success_timestamp_seconds'),
    help: 'When an operation of the kind last succeeded, in any process.',
    labelNames: ['kind'],
    registers,
  });
  const lastComplete = plain(
    'last_complete_backup_timestamp_seconds',
    'When a backup of all tables last succeeded, in any process, that lacks nothing and was not found damaged.',
  );
  const ofProcess = (rest: string, help: string) =>
    new Gauge({ name: name(rest), help, labelNames: ['process'], registers });
  const memory = ofProcess('memory_bytes', 'Memory that the processes of this server take.');
  const memoryLimit = ofProcess('memory_limit_bytes', 'Memory that they may take.');
  const up = new Gauge({
    name: name('source_up'),
    help: 'Whether the sources of the metrics could be read.',
    labelNames: ['source'],
    registers,
  });

  const askStorage = async () => {
    const found = await deps.sources.storage();
    put(used, found.usedBytes);
    put(free, found.freeBytes);
    put(backups, found.backups);
    put(damaged, found.damaged);
  };
  const askOperations = async () => {
    const found = await deps.sources.operations();
    put(queued, found.queued);
    put(running, found.running);
    put(lastComplete, found.lastComplete && found.lastComplete.getTime() / 1000);
    lastSuccess.reset();
    for (const [kind, at] of Object.entries(found.lastSuccess)) lastSuccess.set({ kind }, at.getTime() / 1000);
  };
  /** Reads one source; on failure removes its values, because old ones would look current. */
  const asked = async (source: string, ask: () => Promise<void>, of: Gauge[]) => {
    try {
      await ask();
      up.set({ source }, 1);
    } catch {
      for (const gauge of of) put(gauge, null);
      up.set({ source }, 0);
    }
  };

  let reading: Promise<string> | null = null;
  const read = async () => {
    memory.reset();
    memoryLimit.reset();
    for (const [process, use] of Object.entries(deps.sources.memory())) {
      if (use === null) continue;
      memory.set({ process }, use.bytes);
      memoryLimit.set({ process }, use.limitBytes);
    }
    await Promise.all([
      asked('storage', askStorage, [used, free, backups, damaged]),
      asked('operations', askOperations, [queued, running, lastComplete]),
    ]);
    return registry.metrics();
  };
  return {
    requestAnswered({ route, status, seconds }) {
      requests.inc({ route, status: String(status) });
      requestTime.observe({ route }, seconds);
    },
    operationFinished({ kind, outcome, seconds, bytes, rows }) {
      operations.inc({ kind, outcome });
      operationTime.observe({ kind, outcome }, seconds);
      operationBytes.inc({ kind }, bytes);
      operationRows.inc({ kind }, rows);
    },
    async read() {
      reading ??= read().finally(() => {
        reading = null;
      });
      return { contentType: registry.contentType, text: await reading };
    },
  };
}

function put(gauge: Gauge, value: number | null): void {
  if (value === null) gauge.remove();
  else gauge.set(value);
}
