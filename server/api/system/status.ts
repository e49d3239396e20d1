import { z } from 'zod';
import { qualifiedName, shortName } from '../../../db/model/model.ts';
import { readMigrationState } from '../../../db/system/migration-state.ts';
import { compareTables, type TableComparison } from '../../backup/coverage.ts';
import { AppError, redacted, unexpected } from '../../core/errors.ts';
import type { Log } from '../../core/log.ts';
import { withTimeout } from '../../core/timeout.ts';
import { readQueueState } from '../../jobs/queue/queue-state.ts';
import { type StoredBackup, storedOutcome } from '../../library/list.ts';
import { readInventory } from '../../postgres/catalog/inventory.ts';
import { type Ask, readDatabaseStatus } from '../../postgres/database-status.ts';
import { findEmptyTables } from '../../postgres/empty-tables.ts';
import { askWith } from '../ask.ts';
import type { ApiParts } from '../parts.ts';
import { emptiedTables, lastFull } from './emptied.ts';
import { newestWhole, nextDue, recommend, wholeOnes } from './recommendations.ts';

/**
 * Parts of the status, in order of importance: of several with the same trouble the first is named. `operations` comes
 * early, so that missing news of failures is not taken for none.
 */
const PARTS = ['database', 'operations', 'tables', 'migrations', 'queue', 'storage', 'space', 'writing'] as const;
type Part = (typeof PARTS)[number];

/** Milliseconds after which a silent part is reported as a trouble. */
const SILENCE_MS = 10_000;

/** A part that could not be queried or does not work: the fault, and a hint. */
const trouble = z.object({
  part: z.enum(PARTS),
  code: z.string(),
  message: z.string(),
  hint: z.string().nullable(),
});

const memoryUse = z.object({ bytes: z.number(), limitBytes: z.number() });

export const systemStatus = z.object({
  version: z.string(),
  runtime: z.string(),
  /** Start of this server. */
  startedAt: z.date(),
  /** True when session cookies are sent over HTTPS only. */
  secureCookies: z.boolean(),
  /** Address of the database, without the password. */
  databaseAddress: z.string(),
  /** Null while it does not answer; `troubles` then says why. */
  database: z
    .object({
      name: z.string(),
      version: z.string(),
      /** Bytes. */
      size: z.number(),
      /** Protected tables. Rows and bytes are the server's estimates; null where it has none. */
      tables: z.array(
        z.object({
          name: z.string(),
          rows: z.number().nullable(),
          bytes: z.number().nullable(),
          exact: z.literal(false),
        }),
      ),
    })
    .nullable(),
  /**
   * Tables of the schema missing in the database, and tables of the database that nobody has decided about. Null: could
   * not be queried.
   */
  schema: z
    .object({
      missing: z.array(z.string()),
      unknown: z.array(z.string()),
      /** Tables that BACKUP_EXCLUDE leaves out of every backup, whole or without their rows. */
      leftOut: z.array(z.object({ name: z.string(), what: z.enum(['table', 'rows']), reason: z.string() })),
    })
    .nullable(),
  /** State of our own tables. Null: could not be queried. */
  migrations: z.enum(['newest', 'older', 'newer']).nullable(),
  queue: z
    .object({
      /** True when a process that runs operations is connected. */
      worker: z.boolean(),
      queued: z.number(),
      running: z.number(),
      waitingSince: z.date().nullable(),
    })
    .nullable(),
  /** Memory used by this server's processes, and its limits; a worker on another machine is not seen. */
  memory: z.object({ answering: memoryUse, worker: memoryUse.nullable() }),
  storage: z
    .object({
      freeBytes: z.number().nullable(),
      usedBytes: z.number(),
      backups: z.number(),
      /** True when a file could be created there just now. */
      writable: z.boolean(),
    })
    .nullable(),
  /** The newest backup of all tables that can be opened. */
  lastBackup: z
    .object({
      fileName: z.string(),
      timestamp: z.string(),
      rows: z.number(),
      /** `partial`: it does not hold everything. */
      outcome: z.enum(['success', 'partial']),
    })
    .nullable(),
  /** Time when the next backup of all tables is due; null when there is none yet, and one is due now. */
  nextDue: z.string().nullable(),
  /** The newest operation that failed, while its record is kept. */
  lastFailure: z
    .object({
      id: z.string(),
      kind: z.string(),
      archive: z.string().nullable(),
      at: z.date(),
      code: z.string(),
      message: z.string(),
    })
    .nullable(),
  recommendations: z.array(
    z.object({
      code: z.string(),
      level: z.enum(['urgent', 'soon', 'note']),
      message: z.string(),
      /** File name of the backup concerned. */
      archive: z.string().nullable(),
      tables: z.array(z.string()),
    }),
  ),
  troubles: z.array(trouble),
});

type StatusParts = Pick<
  ApiParts,
  | 'cache'
  | 'storage'
  | 'desk'
  | 'records'
  | 'model'
  | 'version'
  | 'now'
  | 'databaseAddress'
  | 'newestMigration'
  | 'readExclusions'
  | 'checkStorage'
  | 'memory'
  | 'sessions'
>;

/**
 * Reads all parts of the status at once, each for `silenceMs` at most. Never rejects: a part that cannot be read is
 * null and among the troubles, and an unexpected error is logged with its cause.
 */
export async function readSystemStatus(
  parts: StatusParts,
  { startedAt, log, silenceMs = SILENCE_MS }: { startedAt: Date; log: Pick<Log, 'error'>; silenceMs?: number },
  signal: AbortSignal,
): Promise<z.infer<typeof systemStatus>> {
  const { cache, storage, desk, records, model, now } = parts;
  const ask = askWith(records);
  const limit = AbortSignal.timeout(silenceMs);
  const troubles: z.infer<typeof trouble>[] = [];
  const orTrouble = <Value>(part: Part | null, asked: Promise<Value>) =>
    withTimeout(limit, `No answer within ${silenceMs / 1000} seconds.`, asked).catch((error: unknown) => {
      if (!(error instanceof AppError)) log.error({ part, error }, 'a part of the status could not be read');
      const known = error instanceof AppError ? error : unexpected(error);
      const { message, hint = null } = redacted(known);
      if (part) troubles.push({ part, code: known.code, message, hint });
      return null;
    });
  const listing = cache.list(signal);
  const [database, schema, migrations, queue, backups, freeBytes, writable, ended, failed, emptied] = await Promise.all(
    [
      orTrouble('database', readDatabaseStatus(ask, model.tables)),
      orTrouble('tables', readSchemaState(ask, parts)),
      orTrouble('migrations', readMigrationState(ask, parts.newestMigration)),
      orTrouble('queue', readQueueState(ask)),
      orTrouble('storage', listing),
      orTrouble('space', storage.freeSpace()),
      orTrouble(
        'writing',
        parts.checkStorage().then(() => true),
      ),
      orTrouble('operations', desk.list({ states: ['succeeded', 'failed', 'cancelled'], limit: 1 })),
      orTrouble('operations', desk.list({ states: ['failed'], limit: 1 })),
      // Where this fails, the parts it needs report the trouble themselves.
      orTrouble(null, findEmptied(parts, listing, limit)),
    ],
  );
  const last = backups && newestWhole(backups);
  const failure = failed?.operations[0];
  return {
    version: parts.version,
    runtime: `Bun ${Bun.version}`,
    startedAt,
    secureCookies: parts.sessions.cookies.name.startsWith('__Host-'),
    databaseAddress: parts.databaseAddress,
    database: database && {
      name: database.name,
      version: database.version,
      size: database.size,
      tables: database.tables
        .filter((table) => !schema?.leftOut.some(({ name }) => name === qualifiedName(table)))
        .map((table) => ({
          name: qualifiedName(table),
          rows: table.estimatedRows,
          bytes: table.estimatedBytes,
          exact: false as const,
        })),
    },
    schema,
    migrations,
    queue,
    memory: parts.memory(),
    storage: backups && {
      freeBytes,
      usedBytes: backups.reduce((sum, { size }) => sum + size, 0),
      backups: backups.length,
      writable: writable === true,
    },
    lastBackup: last?.manifest
      ? {
          fileName: last.name,
          timestamp: last.manifest.timestamp,
          rows: last.manifest.rows,
          outcome: storedOutcome(last.manifest),
        }
      : null,
    nextDue: (backups && nextDue(backups)?.toISOString()) ?? null,
    lastFailure: failure
      ? {
          id: failure.id,
          kind: failure.kind,
          archive: failure.archive,
          at: failure.finishedAt ?? failure.createdAt,
          code: failure.error?.code ?? 'UNEXPECTED',
          message: failure.error?.message ?? '',
        }
      : null,
    recommendations: backups
      ? recommend({ backups, freeBytes, emptied: emptied ?? new Map(), lastEnded: ended?.operations[0] ?? null }, now())
      : [],
    troubles: toldOnce(troubles),
  };
}

/** Keeps one of several troubles with the same message: that of the most important part, whichever failed first. */
function toldOnce(troubles: z.infer<typeof trouble>[]): typeof troubles {
  const sorted = troubles.toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
  return sorted.filter(({ message }, index) => sorted.findIndex((other) => other.message === message) === index);
}

/**
 * Groups protected tables that are empty now by the newest backup that holds their rows. Queries the tables themselves:
 * statistics can be lost.
 */
async function findEmptied(
  { records, desk, model, now }: Pick<StatusParts, 'records' | 'desk' | 'model' | 'now'>,
  listing: Promise<readonly StoredBackup[]>,
  signal: AbortSignal,
): Promise<Map<StoredBackup, string[]>> {
  const [backups, { operations }] = await Promise.all([
    listing,
    desk.list({ kinds: ['restore'], states: ['succeeded'], limit: 1 }),
  ]);
  const [last] = operations;
  const restored = last?.finishedAt && {
    finishedAt: last.finishedAt,
    tables: z.record(z.string(), z.unknown()).catch({}).parse(last.result?.['tables']),
  };
  const full = lastFull(wholeOnes(backups), restored ?? null, now());
  const asked = model.tables.filter((table) => full.has(shortName(table)));
  return emptiedTables(full, await findEmptyTables(records, asked, signal));
}

/** Compares the schema with the database, and lists what is left out on purpose. Takes no lock on any table. */
async function readSchemaState(ask: Ask, { model, readExclusions }: Pick<StatusParts, 'model' | 'readExclusions'>) {
  const query = async <Row extends object>(text: string, values: unknown[] = []) =>
    (await ask(text, values)) as unknown[] as Row[];
  const exclusions = await readExclusions();
  const { missing, unknown, leftOut } = compareTables(model, { inventory: await readInventory({ query }), exclusions });
  const named = ({ what, reason, ...table }: TableComparison['leftOut'][number]) => ({
    name: qualifiedName(table),
    what,
    reason,
  });
  return { missing: missing.map(qualifiedName), unknown: unknown.map(qualifiedName), leftOut: leftOut.map(named) };
}
