import { openWorkingSession, type WorkingSession } from '../../../db/connect/working-session.ts';
import { qualifiedName, shortName } from '../../../db/model/model.ts';
import { lossesOf, lossText } from '../../archive/manifest/losses.ts';
import type { Archive } from '../../archive/reader.ts';
import type { ByteSource } from '../../core/bytes.ts';
import { AppError, cancelled, withLeft } from '../../core/errors.ts';
import type { OnProgress } from '../../core/progress.ts';
import { readShape } from '../../postgres/catalog/shape.ts';
import { type Differences, type Found, findDifferences } from '../../postgres/compare/differences.ts';
import { type KeptDifferences, type KeptTable, keepRows } from '../../postgres/compare/kept-rows.ts';
import { readRowKeys } from '../../postgres/compare/row-key.ts';
import type { ComparedTable } from '../../postgres/compare/row-source.ts';
import { refuseForeignRows } from '../../postgres/rewrite/foreign-rows.ts';
import { findRulesToBreak, type PlannedRule, type PlannedRules } from '../../postgres/rewrite/planned-rules.ts';
import { probeEventTriggers } from '../../postgres/rewrite/probe.ts';
import { findSequences } from '../../postgres/rewrite/set-sequences.ts';
import { readHorizon } from '../../postgres/rows/watermark.ts';
import { cleanUp, dropStaged, dropStaging } from '../../postgres/staging/drop-staging.ts';
import { createStaging, stagingSchema } from '../../postgres/staging/staging.ts';
import { openChosen } from '../choose-tables.ts';
import { knowledgeOf } from '../knowledge.ts';
import { loadOf, type PlannedTable } from '../plan.ts';
import { readTarget } from '../read-target.ts';
import { refuseMissingRights, refuseObstacles, refuseSequences } from '../refuse-rights.ts';
import { sequencesOf } from '../sequences-of.ts';
import { stageAll } from '../stage.ts';
import { comparedOf, type PlanBasis, planDigest, readBasis } from './approved-plan.ts';
import { findEqual, inOneMoment } from './moments.ts';
import { refusals, refuseHiddenRows, type Stop } from './stops.ts';

const NO_COUNT = { rows: 0, bytes: 0, totalBytes: 0 };
/** Milliseconds for which a plan without kept rows is valid. */
const VALID_MS = 3_600_000;
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
  /** Says what a restore with `keepBrokenRules` would do. */
  keepBrokenRules?: boolean;
  /** Milliseconds for which the rows that differ are kept, to be looked at; absent: none is kept. The plan itself expires with them. */
  keepMs?: number;
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
  stops: Stop[];
  /** Rules of today's tables that rows would break. Those for which the restore would be refused are among `stops` as well. */
  rules: PlannedRule[];
  /** Stands for this plan: a restore that is given it does this, or is refused. */
  digest: string;
  basis: PlanBasis;
  /** When the plan expires, in ISO 8601; null once live was changed by a restore. */
  until: string | null;
  /** The rows that differ, where they are kept. */
  kept: KeptDifferences | null;
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
  const { plan, oids, live } = await readTarget(leader, archive, chosen, {
    schema,
    giveUpMs: deps.lockGiveUpMs,
    again: AGAIN,
  });
  const found = await findSequences(leader, sequencesOf(archive, chosen), oids);
  const stops = await refusals([
    () => refuseMissingRights(leader, plan, found),
    () => refuseObstacles(leader, plan),
    async () => refuseSequences(found),
    () => probeEventTriggers(leader, schema, live, found),
  ]);

  await refuseHiddenRows(leader, chosen, found.all);

  const looking = {
    databaseUrl: deps.databaseUrl,
    name,
    leader,
    archive,
    jobs: input.jobs,
    lockGiveUpMs: deps.lockGiveUpMs,
    ...run,
    ...(deps.bytesPerSession !== undefined && { bytesPerSession: deps.bytesPerSession }),
    busy: { end: 'Nothing was compared.', again: AGAIN },
  };
  const equal = await findEqual(looking, plan.tables, plan.tables);
  const states: PlanBasis['live'] = {};
  for (const { live, archived } of equal.tables)
    states[qualifiedName(live)] = { horizon: equal.horizon, rows: archived.rows };
  const basis = { ...(await readBasis(leader, archive, chosen, input, oids)), live: states };
  // Without a record nobody could restore with this plan; one that is refused is only looked at.
  if (stops.length === 0) await deps.begin();

  const others = plan.tables.filter((table) => !equal.tables.has(table));
  const counted = new Map<PlannedTable, TableDifferences>();
  const kept: KeptTable[] = [];
  const rules: PlannedRules = { rules: [], unlooked: [] };
  const left = await staged(
    deps,
    { name, schema, archive, tables: others, leader, jobs: input.jobs, keeps: () => kept.length > 0 },
    run,
    async () => {
      const loads = plan.tables.map(loadOf);
      const staging = loads.filter((_, index) => others.includes(plan.tables[index] as PlannedTable));
      stops.push(...(await refusals([() => refuseForeignRows(leader, staging)])));
      const keys = await readRowKeys(leader, oids);
      const shape = await readShape(leader, oids);
      await inOneMoment(looking, plan.tables, async () => {
        const horizon = await readHorizon(leader);
        for (const table of others) {
          run.onProgress({ ...NO_COUNT, stage: 'differences', table: qualifiedName(table.archived) });
          const compared = comparedOf(table, keys.get(table.live.oid));
          const found = await findDifferences(leader, compared);
          states[qualifiedName(table.live)] = { horizon, rows: found.live };
          counted.set(table, { table: shortName(table.archived), ...found.differences });
          if (input.keepMs !== undefined) kept.push(...(await keptOf(leader, table, compared, found)));
        }
        run.onProgress({ ...NO_COUNT, stage: 'rules' });
        // Rules may call functions of the database, which must write nothing.
        await leader.query('SET TRANSACTION READ ONLY');
        const { serverVersion: version } = leader;
        const knowledge = knowledgeOf(archive, chosen, input);
        Object.assign(rules, await findRulesToBreak(leader, { loads, staged: staging, shape, version }, knowledge));
      });
    },
  );
  const broken = rules.rules.filter(({ outcome }) => outcome === 'refused');
  const until = new Date(deps.now().getTime() + (input.keepMs ?? VALID_MS)).toISOString();
  const tables = plan.tables.map((table) => counted.get(table) ?? unchanged(table));
  return {
    operationId: deps.operationId,
    digest: planDigest({ operationId: deps.operationId, basis, tables }),
    basis,
    until,
    backupId: archive.manifest.metadata.backupId,
    tables,
    stops: [...stops, ...broken.map(({ code, message, hint }) => ({ code, message, hint }))],
    rules: rules.rules,
    kept: left === null && kept.length > 0 ? { until, tables: kept } : null,
    timestamp: deps.now().toISOString(),
    durationMs: deps.now().getTime() - started.getTime(),
    warnings: [
      ...lossesOf(archive.manifest).map(lossText),
      ...plan.warnings,
      ...found.warnings,
      ...unlookedWarning(rules),
      ...(left === null ? [] : [left]),
    ],
  };
}

/** Loads the tables, if any, into staging, awaits `look`, and removes the staging schema. Returns in words what is left of it. */
async function staged(
  deps: CompareDeps,
  stage: {
    name: string;
    schema: string;
    archive: Archive;
    tables: PlannedTable[];
    leader: WorkingSession;
    jobs: number;
    /** True when the rows that differ stay. */
    keeps: () => boolean;
  },
  run: { signal: AbortSignal; onProgress: OnProgress },
  look: () => Promise<void>,
): Promise<string | null> {
  const { name, schema, tables, leader, keeps } = stage;
  const clean = () => cleanUp(deps.databaseUrl, name, schema);
  try {
    if (tables.length > 0) {
      await deps.begin();
      await createStaging(
        leader,
        schema,
        tables.map((table) => table.staging),
      );
      await stageAll(deps, stage, run);
    }
    await look();
  } catch (error) {
    leader.destroy();
    const left = await clean();
    if (run.signal.aborted) throw cancelled('The comparison', left);
    throw left !== null && error instanceof AppError ? withLeft(error, left) : error;
  }
  if (tables.length === 0) return null;
  return await (keeps() ? dropStaged : dropStaging)(leader, schema).then(() => null, clean);
}

/** Keeps the rows of a table that differ; returns nothing where none does. */
async function keptOf(
  leader: WorkingSession,
  { live }: PlannedTable,
  compared: ComparedTable,
  { differences: { added, changed, removed }, rows: found }: Found,
): Promise<KeptTable[]> {
  if (added + changed + removed === 0) return [];
  const { table, rows } = await keepRows(leader, compared, found);
  const types = new Map(live.columns.map(({ name, sqlType }) => [name, sqlType]));
  return [
    {
      schema: live.schema,
      name: live.name,
      kept: table,
      columns: compared.columns.map((name) => ({ name, sqlType: types.get(name) ?? 'text' })),
      key: found === null ? [] : (compared.key ?? []).map(({ name }) => name),
      rows,
      complete: rows === added + changed + removed,
    },
  ];
}

function unlookedWarning({ unlooked }: PlannedRules): string[] {
  if (unlooked.length === 0) return [];
  return [`These rules could not be tried before the restore itself does: ${unlooked.join('; ')}.`];
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
