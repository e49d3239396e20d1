import { openWorkingSession, type WorkingSession } from '../../../db/connect/working-session.ts';
import { qualifiedName, shortName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { lossesOf, lossText } from '../../archive/manifest/losses.ts';
import type { Archive } from '../../archive/reader.ts';
import type { ByteSource } from '../../core/bytes.ts';
import { AppError, cancelled, type ErrorCode, withLeft } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import { type Differences, findDifferences } from '../../postgres/compare/differences.ts';
import { type KeyColumn, readRowKeys } from '../../postgres/compare/row-key.ts';
import { namingHolders } from '../../postgres/locks/table-lock.ts';
import { refuseForeignRows } from '../../postgres/rewrite/foreign-rows.ts';
import { findSequences } from '../../postgres/rewrite/set-sequences.ts';
import { sessionsFor } from '../../postgres/sessions-for.ts';
import { openSnapshot } from '../../postgres/snapshot.ts';
import { cleanUp, dropStaging } from '../../postgres/staging/drop-staging.ts';
import { createStaging, stagingSchema } from '../../postgres/staging/staging.ts';
import { openChosen } from '../choose-tables.ts';
import { loadOf, type PlannedTable } from '../plan.ts';
import { readTarget } from '../read-target.ts';
import { refuseMissingRights, refuseObstacles } from '../refuse-rights.ts';
import { sequencesOf } from '../sequences-of.ts';
import { stageAll } from '../stage.ts';
import { findEqualTables } from './equal-tables.ts';

const AGAIN = 'run the comparison again.';

export interface CompareDeps {
  /** The database that would be restored into. */
  databaseUrl: string;
  /** The archive; the caller opens and closes it. */
  source: ByteSource;
  operationId: string;
  /** Awaited before staging is created, so that somebody can remove it should this process die. */
  begin: () => Promise<void>;
  now: () => Date;
  lockGiveUpMs: number;
  /** Bytes to read that make one more connection worth opening; see `sessionsFor`. */
  bytesPerSession?: number;
}

export interface CompareInput {
  /** Keys, names or `schema.name`; every table of the archive when absent. */
  tables?: string[];
  jobs: number;
}

export interface TableDifferences extends Omit<Differences, 'by'> {
  /** `schema.name`; the schema is omitted when it is `public`. */
  table: string;
  /** `bytes`: equal without a look at the rows. `key`: rows matched by key. `row`: rows compared as a whole. */
  by: 'bytes' | 'key' | 'row';
}

export interface Comparison {
  operationId: string;
  backupId: string;
  /** Every chosen table, in the order of the archive. */
  tables: TableDifferences[];
  /** Reasons for which this restore would be refused, with what to do about each. */
  stops: { code: ErrorCode; message: string; hint: string | null }[];
  /** When the comparison ended, in ISO 8601. */
  timestamp: string;
  durationMs: number;
  warnings: string[];
}

/**
 * Finds what a restore would change: how many rows of each table come back, change and go. Never writes to live, and loads only tables
 * that differ into a private schema, which it removes whatever fails. Throws what a restore throws before it locks anything.
 */
export async function compareArchive(
  deps: CompareDeps,
  input: CompareInput,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<Comparison> {
  const started = deps.now();
  run.onProgress({ stage: 'open', rows: 0, bytes: 0, totalBytes: 0 });
  const { archive, chosen } = await openChosen(deps.source, input.tables, run.signal);
  const name = `palace-backup plan ${deps.operationId}`;
  const schema = stagingSchema(deps.operationId);
  const session = { applicationName: name, signal: run.signal, lockTimeoutMs: deps.lockGiveUpMs };
  await using leader = await openWorkingSession(deps.databaseUrl, session);
  const { plan, oids } = await readTarget(leader, archive, chosen, {
    schema,
    giveUpMs: deps.lockGiveUpMs,
    again: AGAIN,
  });
  const found = await findSequences(leader, sequencesOf(archive, chosen), oids);
  const stops = await refusals([() => refuseMissingRights(leader, plan, found), () => refuseObstacles(leader, plan)]);

  const snapshot = await openSnapshot(leader, deps.databaseUrl, chosen, {
    ...session,
    busy: { end: 'Nothing was compared.', again: AGAIN },
  });
  const bytes = plan.tables.flatMap(({ live }) => live.leaves).reduce((sum, leaf) => sum + leaf.bytes, 0);
  const equal = await findEqualTables(archive, plan.tables, snapshot, {
    jobs: sessionsFor(bytes, input.jobs, deps.bytesPerSession),
    ...run,
  }).catch(async (error: unknown) => {
    await snapshot[Symbol.asyncDispose]();
    throw error;
  });
  await snapshot.release();

  const others = plan.tables.filter((table) => !equal.has(table));
  const counted = new Map<PlannedTable, TableDifferences>();
  let left: string | null = null;
  if (others.length > 0)
    left = await staged(deps, { name, schema, archive, tables: others, leader, jobs: input.jobs }, run, async () => {
      stops.push(...(await refusals([() => refuseForeignRows(leader, others.map(loadOf))])));
      const keys = await readRowKeys(leader, oids);
      await inOneMoment(leader, others, deps.lockGiveUpMs, async () => {
        for (const table of others) {
          run.onProgress({
            stage: 'differences',
            rows: 0,
            bytes: 0,
            totalBytes: 0,
            table: qualifiedName(table.archived),
          });
          counted.set(table, await differencesOf(leader, table, keys.get(table.live.oid)));
        }
      });
    });
  return {
    operationId: deps.operationId,
    backupId: archive.manifest.metadata.backupId,
    tables: plan.tables.map((table) => counted.get(table) ?? unchanged(table)),
    stops,
    timestamp: deps.now().toISOString(),
    durationMs: deps.now().getTime() - started.getTime(),
    warnings: [...lossesOf(archive.manifest).map(lossText), ...plan.warnings, ...(left === null ? [] : [left])],
  };
}

/** Returns the errors by which a restore would refuse, instead of throwing them. Throws every other error. */
async function refusals(checks: (() => Promise<void>)[]): Promise<Comparison['stops']> {
  const stops: Comparison['stops'] = [];
  for (const check of checks)
    try {
      await check();
    } catch (error) {
      if (!(error instanceof AppError) || !REFUSALS.has(error.code)) throw error;
      stops.push({ code: error.code, message: error.message, hint: error.hint ?? null });
    }
  return stops;
}

const REFUSALS = new Set<ErrorCode>(['PERMISSION_DENIED', 'RESTORE_REFUSED']);

/** Loads the tables into staging, awaits `look`, and removes the staging schema whatever fails. Returns in words what is left of it. */
async function staged(
  deps: CompareDeps,
  stage: {
    name: string;
    schema: string;
    archive: Archive;
    tables: PlannedTable[];
    leader: WorkingSession;
    jobs: number;
  },
  run: { signal: AbortSignal; onProgress: OnProgress },
  look: () => Promise<void>,
): Promise<string | null> {
  const { name, schema, tables, leader } = stage;
  const clean = () => cleanUp(deps.databaseUrl, name, schema);
  try {
    await deps.begin();
    await createStaging(
      leader,
      schema,
      tables.map((table) => table.staging),
    );
    await stageAll(deps, stage, run);
    await look();
  } catch (error) {
    leader.destroy();
    const left = await clean();
    if (run.signal.aborted) throw cancelled('The comparison', left);
    throw left !== null && error instanceof AppError ? withLeft(error, left) : error;
  }
  return await dropStaging(leader, schema).then(() => null, clean);
}

/**
 * Runs the work in one snapshot, with the tables locked against TRUNCATE and ALTER before it is taken. It may write, because differences
 * are kept in tables of the staging schema.
 */
async function inOneMoment(
  leader: WorkingSession,
  tables: PlannedTable[],
  giveUpMs: number,
  work: () => Promise<void>,
): Promise<void> {
  const names = tables.map(({ live }) => live);
  await leader.query(`SET lock_timeout = ${Math.round(giveUpMs)}`);
  await leader.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ WRITE');
  await namingHolders(leader, names, AGAIN, () =>
    leader.query(`LOCK TABLE ${names.map(quoteName).join(', ')} IN ACCESS SHARE MODE`),
  );
  await work();
  await leader.query('COMMIT');
  await leader.query('SET lock_timeout = 0');
}

async function differencesOf(
  leader: WorkingSession,
  table: PlannedTable,
  key: KeyColumn[] | undefined,
): Promise<TableDifferences> {
  const { live, staging, columns, archived } = table;
  const usable = key?.every(({ name }) => columns.includes(name)) ? key : null;
  const compared = { live, staging, columns, key: usable, rows: archived.rows };
  const { differences } = await findDifferences(leader, compared);
  return { table: shortName(archived), ...differences };
}

function unchanged({ archived }: PlannedTable): TableDifferences {
  return {
    table: shortName(archived),
    added: 0,
    changed: 0,
    removed: 0,
    unchanged: archived.rows,
    columns: {},
    by: 'bytes',
  };
}
