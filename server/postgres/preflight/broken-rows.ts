import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { type FunctionFailure, functionFailure } from '../function-failure.ts';
import { shownKey } from '../key-text.ts';
import { ANYTHING_CALLS_SQL, type LiveRule, readLiveRules } from './live-rules.ts';

/** A rule of a table that some of its rows break today. */
export interface BrokenRule {
  table: ObjectName;
  rule: string;
  /** True for a valid rule: putting it back over these rows fails. */
  stops: boolean;
  rows: number;
  /** True when there may be more rows, because counting ended here. */
  atLeast: boolean;
  /** Keys of a few of these rows, without any other value. */
  keys: string[];
}

/** A rule that cannot be checked or computed, because a function it calls fails. A restore fails with it. */
export interface FailingRule {
  table: ObjectName;
  rule: string;
  computed: boolean;
  stops: boolean;
  failure: FunctionFailure;
}

export interface BrokenRows {
  broken: BrokenRule[];
  failing: FailingRule[];
  /** Rules that were not checked, or not to the end, with the reason. */
  unlooked: string[];
}

const MOST_COUNTED = 1000;
const NAMED_KEYS = 5;

/**
 * Finds rows of these tables that break a CHECK, foreign key, unique key, NOT NULL or rule of their type; trusts no index. Each table
 * gets `msPerTable`; rules not reached in that time are named. Changes nothing.
 */
export async function findBrokenRows(
  session: Session,
  tableOids: number[],
  options: { msPerTable: number; now: () => number; signal: AbortSignal },
): Promise<BrokenRows> {
  const rules = await readLiveRules(session, tableOids);
  const unlooked: string[] = [];
  const broken: BrokenRule[] = [];
  const failing: BrokenRows['failing'] = [];
  for (const [name, ofTable] of Map.groupBy(rules, (rule) => qualifiedName(rule.table))) {
    const deadline = options.now() + options.msPerTable;
    for (const [at, rule] of ofTable.entries()) {
      const left = Math.floor(deadline - options.now());
      const found = left > 0 ? await findBroken(session, rule, left, options.signal) : 'too slow';
      if (typeof found === 'object' && 'failure' in found) failing.push(found);
      else if (typeof found === 'object') broken.push(...(found.rows > 0 ? [found] : []));
      else if (found === 'too slow') {
        unlooked.push(
          `${ofTable
            .slice(at)
            .map((one) => one.name)
            .join(', ')} of ${name} (more than ${Math.round(options.msPerTable / 1000)} s)`,
        );
        break;
      } else unlooked.push(`${rule.name} of ${name} (${found})`);
    }
  }
  return { broken, failing, unlooked };
}

/** Returns what one rule finds, or why it could not be checked. */
async function findBroken(
  session: Session,
  rule: LiveRule,
  ms: number,
  signal: AbortSignal,
): Promise<BrokenRule | FailingRule | string> {
  await session.query(`BEGIN ISOLATION LEVEL READ COMMITTED, READ ONLY`);
  try {
    // A damaged index must not answer for the rows.
    await session.query(
      `SET LOCAL statement_timeout = ${ms}; SET LOCAL enable_indexscan = off; SET LOCAL enable_indexonlyscan = off; SET LOCAL enable_bitmapscan = off`,
    );
    return await findBreaking(session, rule, NAMED_KEYS);
  } catch (error) {
    if (signal.aborted || !(error instanceof AppError)) throw error;
    if (error.code === 'CANCELLED') return 'too slow';
    if (rule.kind === 'type' && /^2[23]/.test(String(error.details?.sqlState ?? '')))
      return { table: rule.table, rule: rule.name, stops: rule.validated, rows: 1, atLeast: true, keys: [] };
    if (error.code === 'CONNECTION_LOST') throw error;
    const failing = failingRule(rule, error);
    if (failing !== null) return failing;
    return error.message.replace(/\.$/, '');
  } finally {
    await session.query('ROLLBACK');
  }
}

function failingRule(rule: LiveRule, error: unknown): FailingRule | null {
  const failure = functionFailure(error);
  if (failure === null) return null;
  return { table: rule.table, rule: rule.name, computed: rule.kind === 'computed', stops: rule.validated, failure };
}

/** Milliseconds that one row may take. */
const ONE_ROW_MS = 1000;

/**
 * Tries each rule that calls functions of the database on one row of its table, inside the open transaction. A function that lacks
 * something mostly lacks it for every row. Costs a single query where no rule calls a function.
 */
export async function tryRulesOnOneRow(session: Session, tableOids: number[]): Promise<FailingRule[]> {
  const [any] = await session.query<{ calls: boolean }>(ANYTHING_CALLS_SQL);
  if (!any?.calls) return [];
  const failing: FailingRule[] = [];
  const rules = await readLiveRules(session, tableOids);
  for (const rule of rules.filter(({ calls }) => calls)) {
    const { table, partitioned } = rule;
    const oneRow = `(SELECT * FROM ${partitioned ? '' : 'ONLY '}${quoteName(table)} LIMIT 1) AS ${quoteIdent(table.name)}`;
    await session.query(`SAVEPOINT one_row; SET LOCAL statement_timeout = ${ONE_ROW_MS}`);
    try {
      await findBreaking(session, rule, 0, () => oneRow);
    } catch (error) {
      if (session.signal.aborted || !(error instanceof AppError) || error.code === 'CONNECTION_LOST') throw error;
      const found = failingRule(rule, error);
      if (found !== null) failing.push(found);
    } finally {
      if (!session.signal.aborted) await session.query('ROLLBACK TO SAVEPOINT one_row; RELEASE SAVEPOINT one_row');
    }
  }
  return failing;
}

/** Returns the query to read instead of a table, as an item of FROM under the table's own name; null for the table itself. */
export type Substitute = (table: ObjectName) => string | null;

/**
 * Counts the rows that break one rule, up to a thousand, and names the first of them by key. Rows of a stand-in without a key have no
 * name.
 */
export async function findBreaking(
  session: Session,
  rule: LiveRule,
  named: number,
  substitute: Substitute = () => null,
): Promise<BrokenRule> {
  const rows = await session.query<{ key: string | null }>(
    `SELECT ${shownKey('found.key')} AS key FROM (${queryOf(rule, substitute)}) AS found LIMIT ${MOST_COUNTED}`,
  );
  return {
    table: rule.table,
    rule: rule.name,
    stops: rule.validated,
    rows: rows.length,
    atLeast: rows.length === MOST_COUNTED,
    keys: rows.slice(0, named).flatMap(({ key }) => (key === null ? [] : [key])),
  };
}

/** Returns the FROM item of the referenced table. A stand-in keeps its table's name, which may be that of the referring table, too. */
function targetOf(table: ObjectName, partitioned: boolean, substitute: Substitute, alias: string): string {
  const other = substitute(table);
  return other === null
    ? `${partitioned ? '' : 'ONLY '}${quoteName(table)} AS ${alias}`
    : `(SELECT * FROM ${other}) AS ${alias}`;
}

function queryOf(rule: LiveRule, substitute: Substitute): string {
  const { table, partitioned } = rule;
  const other = substitute(table);
  const from = other ?? `${partitioned ? '' : 'ONLY '}${quoteName(table)}`;
  const nameless = other === null ? `'ctid ' || ${quoteIdent(table.name)}.ctid::text` : 'NULL::text';
  const own = (column: string) => `${quoteIdent(table.name)}.${quoteIdent(column)}`;
  const key =
    rule.key.length > 0
      ? `pg_catalog.concat_ws(', ', ${rule.key.map((column) => `${own(column)}::text`).join(', ')})`
      : nameless;
  switch (rule.kind) {
    case 'where':
      return `SELECT ${key} AS key FROM ${from} WHERE ${rule.condition}`;
    case 'computed':
      return `SELECT ${key} AS key FROM ${from} WHERE pg_catalog.num_nonnulls(${rule.expressions.join(', ')}) < 0`;
    case 'type':
      return `SELECT ${key} AS key FROM ${from} WHERE (${own(rule.column)}::text)::${rule.sqlType} IS NULL AND ${own(rule.column)} IS NOT NULL`;
    case 'unique': {
      const list = rule.keys.join(', ');
      const conditions = [
        ...(rule.predicate === null ? [] : [rule.predicate]),
        ...(rule.nullsNotDistinct ? [] : rule.keys.map((one) => `${one} IS NOT NULL`)),
      ];
      const where = conditions.length > 0 ? ` WHERE ${conditions.map((one) => `(${one})`).join(' AND ')}` : '';
      return `SELECT pg_catalog.array_to_string((pg_catalog.array_agg(${key}))[1:2], ' and ') AS key FROM ${from}${where} GROUP BY ${list} HAVING count(*) > 1`;
    }
    case 'exclusion': {
      const values = rule.keys.map((one, place) => `${one} AS k${place}`).join(', ');
      const where = rule.predicate === null ? '' : ` WHERE ${rule.predicate}`;
      const meets = rule.operators.map((operator, place) => `one.k${place} ${operator} other.k${place}`);
      return (
        `WITH numbered AS MATERIALIZED (SELECT ${key} AS key, ${values}, row_number() OVER () AS place FROM ${from}${where}) ` +
        `SELECT one.key || ' and ' || other.key AS key FROM numbered AS one JOIN numbered AS other ON ${meets.join(' AND ')} AND one.place < other.place`
      );
    }
    case 'foreign key': {
      const target = '"the row referred to"';
      const matches = rule.pairs.map(
        ({ column, targetColumn, operator }) => `${target}.${quoteIdent(targetColumn)} ${operator} ${own(column)}`,
      );
      const columns = rule.pairs.map(({ column }) => own(column));
      const full = `pg_catalog.num_nonnulls(${columns.join(', ')}) NOT IN (0, ${columns.length})`;
      const others = targetOf(rule.target, rule.targetPartitioned, substitute, target);
      const period = rule.period ? rule.pairs.at(-1) : undefined;
      const unmet =
        period === undefined
          ? `NOT EXISTS (SELECT 1 FROM ${others} WHERE ${matches.join(' AND ')})`
          : `NOT COALESCE(${own(period.column)} OPERATOR(pg_catalog.<@) (SELECT pg_catalog.range_agg(${target}.${quoteIdent(period.targetColumn)}) FROM ${others} WHERE ${['true', ...matches.slice(0, -1)].join(' AND ')}), false)`;
      return (
        `SELECT ${key} AS key FROM ${from} WHERE ${columns.map((column) => `${column} IS NOT NULL`).join(' AND ')} AND ${unmet}` +
        (rule.matchFull ? ` UNION ALL SELECT ${key} FROM ${from} WHERE ${full}` : '')
      );
    }
    default:
      throw new RangeError(`no query for ${rule satisfies never}`);
  }
}
