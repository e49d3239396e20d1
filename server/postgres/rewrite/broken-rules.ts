import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import type { Shape, ShapeConstraint } from '../catalog/shape.ts';
import { type BrokenRule, findBreaking } from '../preflight/broken-rows.ts';
import { type LiveRule, readLiveRules } from '../preflight/live-rules.ts';
import { type BackupRules, type BrokenRuleFacts, brokenRuleHint } from './broken-rule-hint.ts';
import { stagedRows } from './staged-rows.ts';
import type { TableLoad } from './table-load.ts';

/** Number of rows that a message names by key. */
const NAMED_ROWS = 20;

/** Facts of the backup other than its rows. */
export interface BackupKnowledge {
  /** Returns the constraints a table had; null where the archive does not tell. */
  backupRules: BackupRules;
  /** Tables of the backup, by `schema.name`, that are not restored now. */
  notChosen: ReadonlySet<string>;
  keepBroken: boolean;
}

/** Returns true when a rewrite failed because rows break a rule. */
export function isBrokenRule(error: unknown): error is AppError {
  return error instanceof AppError && /^23/.test(String(error.details?.sqlState ?? ''));
}

/**
 * Returns a better error for a rule that a rewrite broke, with the number and keys of the rows that break it, and a true hint. Call it
 * after rolling the rewrite back, while staging still exists. Returns the error unchanged when nothing more is known.
 */
export async function explainBrokenRule(
  session: Session,
  loads: TableLoad[],
  shape: Shape,
  knowledge: BackupKnowledge,
  error: AppError,
): Promise<AppError> {
  const { sqlState, table: tableName, constraint: name, column } = error.details as Record<string, string | undefined>;
  if (name === undefined && column === undefined) return (await noPartition(session, loads, error)) ?? error;
  const load = loads.find(({ live }) => [live, ...live.leaves].some((one) => qualifiedName(one) === tableName));
  const constraint = shape.constraints.find(
    (one) => one.name === name && (qualifiedName(one.table) === tableName || qualifiedName(one.table) === nameOf(load)),
  );
  const table = load?.live ?? constraint?.table;
  if (table === undefined) return error;
  const rule = name ?? `NOT NULL of ${column}`;
  const broken = await rowsBreaking(session, loads, load?.live.oid ?? constraint?.tableOid, { name, column });
  const facts = brokenRuleFacts(loads, shape, {
    sqlState: sqlState ?? '',
    table,
    rule,
    column: column ?? null,
    constraint: constraint ?? null,
    load,
    version: await serverVersion(session),
  });
  return new AppError(error.code, `${describeBroken(facts, broken)}. Nothing was changed.`, {
    cause: error.cause,
    hint: brokenRuleHint(facts, knowledge),
    details: { ...error.details, ...(broken && { rows: broken.rows, atLeast: broken.atLeast, keys: broken.keys }) },
  });
}

/** Gathers what is known of a rule of a table, which is restored when it has a load. */
export function brokenRuleFacts(
  loads: TableLoad[],
  shape: Shape,
  {
    load,
    ...known
  }: Pick<BrokenRuleFacts, 'sqlState' | 'table' | 'rule' | 'column' | 'constraint' | 'version'> & {
    load: TableLoad | undefined;
  },
): BrokenRuleFacts {
  return {
    ...known,
    index:
      shape.indexes.find((one) => one.name === known.rule && qualifiedName(one.table) === qualifiedName(known.table)) ??
      null,
    ofBackup: load !== undefined,
    targetRestored: loads.some(({ live }) => live.oid === known.constraint?.targetOid),
    partitioned: load?.live.partitioned ?? false,
  };
}

const CHECK_VIOLATION = '23514';

/**
 * Returns the error for rows that fit no partition; null for any other error. The server reports these as a check violation with the name
 * of a partitioned table and no constraint. Functions and domains may raise the same code, but name no such table.
 */
async function noPartition(session: Session, loads: TableLoad[], error: AppError): Promise<AppError | null> {
  const { schema, table } = error.cause as { schema?: string; table?: string };
  if (error.details?.['sqlState'] !== CHECK_VIOLATION || schema === undefined || table === undefined) return null;
  const [found] = await session.query<{ hash: boolean; root: number }>(
    `SELECT p.partstrat = 'h' AS hash, COALESCE(pg_catalog.pg_partition_root(c.oid), c.oid)::oid::int8::float8 AS root
       FROM pg_catalog.pg_partitioned_table p JOIN pg_catalog.pg_class c ON c.oid = p.partrelid
       JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = $2`,
    [schema, table],
  );
  if (!found || !loads.some(({ live }) => live.oid === found.root)) return null;
  const tableName = qualifiedName({ schema, name: table });
  return new AppError(error.code, `No partition of ${tableName} takes some rows of the backup. Nothing was changed.`, {
    cause: error.cause,
    hint: found.hash
      ? `Make the partition they belong to, and restore again: ${tableName} is partitioned by hash and lacks one for some remainder.`
      : 'Make the partition they belong to, or a default one, and restore again.',
    details: { ...error.details },
  });
}

function nameOf(load: TableLoad | undefined): string | null {
  return load === undefined ? null : qualifiedName(load.live);
}

/** Says in words which rows break a rule, with the keys of a few. */
export function describeBroken(
  { table, rule, constraint, ofBackup }: BrokenRuleFacts,
  broken: BrokenRule | null,
): string {
  const what = `${rule} of ${qualifiedName(table)}${constraint?.target ? ` (rows of ${qualifiedName(constraint.target)} they refer to would not exist)` : ''}`;
  const whose = ofBackup ? 'of the backup' : `of ${qualifiedName(table)}, which is not restored,`;
  return broken === null || broken.rows === 0
    ? `Rows ${whose} break ${what}`
    : `${countOf(broken, whose)} ${what}${keysOf(broken)}`;
}

function countOf({ rows, atLeast }: BrokenRule, whose: string): string {
  return rows === 1 && !atLeast ? `1 row ${whose} breaks` : `${atLeast ? 'At least ' : ''}${rows} rows ${whose} break`;
}

/** Returns the keys of rows, with an ellipsis when there are more. */
function keysOf({ rows, keys }: Pick<BrokenRule, 'rows' | 'keys'>): string {
  return keys.length === 0 ? '' : `, with the keys ${keys.join('; ')}${rows > keys.length ? '; …' : ''}`;
}

/** Finds the rows breaking a rule, in staging for restored tables and in live for the others; null when no query can check the rule. */
async function rowsBreaking(
  session: Session,
  loads: TableLoad[],
  oid: number | undefined,
  { name, column }: { name: string | undefined; column: string | undefined },
): Promise<BrokenRule | null> {
  if (oid === undefined) return null;
  const rules = await readLiveRules(session, [oid]);
  const rule = rules.find((one) => one.name === name) ?? notNullRule(rules, column);
  if (rule === undefined) return null;
  await session.query('SAVEPOINT rows_breaking');
  try {
    return await findBreaking(session, rule, NAMED_ROWS, await stagedRows(session, loads));
  } catch (error) {
    // A generated column, for example, is not staged. The refusal then stands without naming rows.
    if (!(error instanceof AppError) || error.code === 'CONNECTION_LOST' || error.code === 'CANCELLED') throw error;
    await session.query('ROLLBACK TO SAVEPOINT rows_breaking');
    return null;
  }
}

function notNullRule(rules: LiveRule[], column: string | undefined): LiveRule | undefined {
  const all = rules.find((one) => one.kind === 'where' && one.notNull !== undefined);
  return column === undefined || all === undefined ? undefined : notNullOf(all, column);
}

/** Returns the rule that one column of a rule for several is NOT NULL. */
export function notNullOf(rule: LiveRule, column: string): LiveRule {
  const condition = `${quoteIdent(rule.table.name)}.${quoteIdent(column)} IS NULL`;
  return { ...rule, kind: 'where', name: `NOT NULL of ${column}`, condition, notNull: [column] };
}

async function serverVersion(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    `SELECT current_setting('server_version_num')::int AS version`,
  );
  return row?.version ?? 0;
}

/** Returns a warning that names the rows of a live table that break an existing NOT VALID constraint. */
export async function describeKept(session: Session, constraint: ShapeConstraint): Promise<string> {
  const rules = await readLiveRules(session, [constraint.tableOid]);
  const rule = rules.find((one) => one.name === constraint.name);
  const broken = rule && (await findBreaking(session, rule, NAMED_ROWS));
  const rows = broken ? `${countOf(broken, 'of the backup')} it${keysOf(broken)}` : 'Rows of the backup break it';
  return `${constraint.name} of ${qualifiedName(constraint.table)} is NOT VALID now. ${rows}. When they are corrected: ALTER TABLE ${quoteName(constraint.table)} VALIDATE CONSTRAINT ${quoteIdent(constraint.name)};`;
}
