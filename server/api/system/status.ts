import { z } from 'zod';
import { qualifiedName, shortName } from '../../../db/model/model.ts';
import { readMigrationState } from '../../../db/system/migration-state.ts';
import { compareTables, type TableComparison } from '../../backup/scope.ts';
import { AppError, saidOutside, unexpected } from '../../core/errors.ts';
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

/** Where several are silent for the same reason the first of them is named, so that nobody takes no word of failed operations for none. */
const PARTS = ['database', 'operations', 'tables', 'migrations', 'queue', 'storage', 'space', 'writing'] as const;
type Part = (typeof PARTS)[number];

/** A part that says nothing for so long is in trouble, too. */
const SILENCE_MS = 10_000;

/** What could not be asked, or does not do: which part, what is wrong, what to do. */
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
  /** Since when this server answers. */
  startedAt: z.date(),
  /** Whether the cookie of a session goes over HTTPS alone. */
  secureCookies: z.boolean(),
  /** Where the database is, without the password. */
  databaseAddress: z.string(),
  /** Null while it does not answer; `troubles` then says why. */
  database: z
    .object({
      name: z.string(),
      version: z.string(),
      /** Bytes. */
      size: z.number(),
      /** Those that are protected. Rows and bytes as the server estimates them; null where it cannot. */
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
  /** Tables the schema has and the database lacks, and the other way round those that nobody has decided about. Null: could not be asked. */
  schema: z
    .object({
      missing: z.array(z.string()),
      unknown: z.array(z.string()),
      /** Tables that BACKUP_EXCLUDE leaves out of every backup, or whose rows it does. */
      leftOut: z.array(z.object({ name: z.string(), what: z.enum(['table', 'rows']), reason: z.string() })),
    })
    .nullable(),
  /** Our own tables. Null: could not be asked. */
  migrations: z.enum(['newest', 'older', 'newer']).nullable(),
  queue: z
    .object({
      /** Whether a process that takes operations is connected. */
      worker: z.boolean(),
      queued: z.number(),
      running: z.number(),
      waitingSince: z.date().nullable(),
    })
    .nullable(),
  /** What this server's processes take of the memory they may have; a worker on another machine is not seen. */
  memory: z.object({ answering: memoryUse, worker: memoryUse.nullable() }),
  storage: z
    .object({
      freeBytes: z.number().nullable(),
      usedBytes: z.number(),
      backups: z.number(),
      /** Whether a file could be begun there just now. */
      writable: z.boolean(),
    })
    .nullable(),
  /** The newest of all tables that can be opened. */
  lastBackup: z
    .object({
      fileName: z.string(),
      timestamp: z.string(),
      rows: z.number(),
      /** `partial`: it does not hold everything. */
      outcome: z.enum(['success', 'partial']),
    })
    .nullable(),
  /** When the next backup of all tables is due; null while there is none, and one is due now. */
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
      /** File name of the backup it speaks of. */
      archive: z.string().nullable(),
      tables: z.array(z.string()),
    }),
  ),
  troubles: z.array(trouble),
});

type StatusParts = Pick<
  ApiParts,
  | 'catalogue'
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
 * Looks at everything at once, for some milliseconds, each part for `silenceMs` at most. Never rejects: what cannot be asked is null, and
 * among the troubles; what nobody foresaw is in the log with its cause.
 */
export async function readSystemStatus(
  parts: StatusParts,
  { startedAt, log, silenceMs = SILENCE_MS }: { startedAt: Date; log: Pick<Log, 'error'>; silenceMs?: number },
  signal: AbortSignal,
): Promise<z.infer<typeof systemStatus>> {
  const { catalogue, storage, desk, records, model, now } = parts;
  const ask = askWith(records);
  const limit = AbortSignal.timeout(silenceMs);
  const troubles: z.infer<typeof trouble>[] = [];
  const orTrouble = <Value>(part: Part | null, asked: Promise<Value>) =>
    withTimeout(limit, `No answer within ${silenceMs / 1000} seconds.`, asked).catch((error: unknown) => {
      if (!(error instanceof AppError)) log.error({ part, error }, 'a part of the status could not be asked');
      const known = error instanceof AppError ? error : unexpected(error);
      const { message, hint = null } = saidOutside(known);
      if (part) troubles.push({ part, code: known.code, message, hint });
      return null;
    });
  const listing = catalogue.list(signal);
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
      // Where this cannot be asked, the parts it needs are in trouble themselves.
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

/** The same reason told of several parts is told once, of the first of them, whichever was the first to fail. */
function toldOnce(troubles: z.infer<typeof trouble>[]): typeof troubles {
  const sorted = troubles.toSorted((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
  return sorted.filter(({ message }, index) => sorted.findIndex((other) => other.message === message) === index);
}

/** Protected tables that hold no row now, under the newest backup that holds their rows. Asks the tables themselves: statistics can be lost. */
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

/** What the schema and the database do not both have, and what is left out on purpose. Takes no lock on any table. */
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
