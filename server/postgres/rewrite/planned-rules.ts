import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName, shortName } from '../../../db/model/model.ts';
import { AppError, type ErrorCode } from '../../core/errors.ts';
import type { Shape, ShapeConstraint } from '../catalog/shape.ts';
import { type BrokenRule, findBreaking, type Substitute } from '../preflight/broken-rows.ts';
import { type LiveRule, readLiveRules } from '../preflight/live-rules.ts';
import { brokenRuleHint, FIRST_WITH_PARTITIONED_NOT_VALID } from './broken-rule-hint.ts';
import { type BackupKnowledge, brokenRuleFacts, describeBroken, notNullOf } from './broken-rules.ts';
import { checksToTry } from './kept-rules.ts';
import { referringOutside } from './rewrite.ts';
import { stagedRows } from './staged-rows.ts';
import type { TableLoad } from './table-load.ts';
import { violation } from './violation.ts';

/** A rule that rows would break after a restore, and what the restore would do with it. */
export interface PlannedRule {
  /** `schema.name`; the schema is omitted when it is `public`. */
  table: string;
  rule: string;
  /** True for rows of the backup; otherwise they are in a table that is not restored, and refer to what would be gone. */
  ofBackup: boolean;
  rows: number;
  /** True when there may be more rows, because counting ended here. */
  atLeast: boolean;
  /** Primary keys of a few of these rows, without any other value. */
  keys: string[];
  /** `refused`: the restore is. `kept`: the constraint comes back NOT VALID. `left out`: an unfinished index is dropped. */
  outcome: 'refused' | 'kept' | 'left out';
  /** True when a restore with `keepBrokenRules` puts the constraint back NOT VALID. */
  keepable: boolean;
  /** Code with which the restore refuses it without `keepBrokenRules`. */
  code: ErrorCode;
  message: string;
  hint: string | null;
}

export interface PlannedRules {
  /** In the order in which a restore meets them. */
  rules: PlannedRule[];
  /** Rules that could not be looked at, with the reason. */
  unlooked: string[];
}

/** Number of rows named by key for one rule. */
const NAMED_ROWS = 5;

interface Tried {
  rule: LiveRule;
  load: TableLoad | undefined;
  constraint: ShapeConstraint | undefined;
  outcome: PlannedRule['outcome'];
  keepable: boolean;
  /** Position in the order of a rewrite: while rows arrive, keys, indexes, foreign keys. */
  step: number;
}

/**
 * Finds every rule of today's tables that rows would break after a restore, in the open transaction, and changes nothing. Tables missing
 * from `staged` keep their rows. Rules between them and tables that are not restored are tried in both directions.
 */
export async function findRulesToBreak(
  session: Session,
  all: { loads: TableLoad[]; staged: TableLoad[]; shape: Shape; version: number },
  knowledge: BackupKnowledge,
): Promise<PlannedRules> {
  const { loads, staged, shape, version } = all;
  const stands = await stagedRows(session, staged);
  const rules: PlannedRule[] = [];
  const unlooked: string[] = [];
  for (const tried of await rulesToTry(session, all, knowledge)) {
    const { rule, load, constraint, outcome, keepable } = tried;
    const place = {
      table: shortName(rule.table),
      rule: rule.name,
      ofBackup: load !== undefined,
      outcome,
      keepable,
    };
    await session.query('SAVEPOINT planned_rule');
    try {
      for (const { found, column } of await breaking(session, rule, stands)) {
        const facts = brokenRuleFacts(loads, shape, {
          sqlState: '',
          table: rule.table,
          rule: found.rule,
          column,
          constraint: constraint ?? null,
          load,
          version,
        });
        rules.push({
          ...place,
          rule: found.rule,
          rows: found.rows,
          atLeast: found.atLeast,
          keys: found.keys,
          code: rule.kind === 'foreign key' ? 'LINKS_BROKEN' : 'RESTORE_REFUSED',
          message: `${describeBroken(facts, found)}.`,
          hint: hintOf(tried, brokenRuleHint(facts, knowledge)),
        });
      }
    } catch (error) {
      await session.query('ROLLBACK TO SAVEPOINT planned_rule');
      const failing = failure(error, rule);
      if (failing === null) unlooked.push(`${rule.name} of ${shortName(rule.table)} (${wordsOf(error)})`);
      else if (rule.kind === 'computed' || rule.validated)
        rules.push({ ...place, outcome: 'refused', keepable: false, rows: 1, atLeast: true, keys: [], ...failing });
    } finally {
      if (!session.signal.aborted) await session.query('RELEASE SAVEPOINT planned_rule');
    }
  }
  const homeless = await rowsWithoutPartition(session, staged, stands);
  return { rules: [...homeless, ...rules], unlooked };
}

/** Returns the rules of the restored tables, and the foreign keys of others to them, as far as a restore tries them again. */
async function rulesToTry(
  session: Session,
  { loads, staged, shape, version }: Parameters<typeof findRulesToBreak>[1],
  { keepBroken }: BackupKnowledge,
): Promise<Tried[]> {
  const keepableChecks = new Set(checksToTry(shape));
  const kept = (keepable: boolean) => ({
    outcome: keepBroken && keepable ? ('kept' as const) : ('refused' as const),
    keepable,
  });
  const inside = new Set(shape.relations.map(({ oid }) => oid));
  const tried: Tried[] = [];
  for (const { rule, load } of await ownRules(session, loads)) {
    const place = loads.indexOf(load);
    const constraint = shape.constraints.find((one) => isOf(one, rule));
    const index = shape.indexes.find((one) => isOf(one, rule));
    const base = { rule, load, constraint, ...kept(false), step: place / (loads.length + 1) };
    if (rule.kind === 'foreign key') {
      if (constraint === undefined) continue;
      const isInside = inside.has(constraint.targetOid);
      if (isInside && !rule.validated) continue;
      // A foreign key to a table that is not restored stays in place, and so binds every row, NOT VALID or not.
      if (!isInside) tried.push({ ...base, step: base.step + 0.5 / (loads.length + 1) });
      else {
        const takesNotValid = !load.live.partitioned || version >= FIRST_WITH_PARTITIONED_NOT_VALID;
        tried.push({ ...base, ...kept(takesNotValid), step: 3 });
      }
    } else if (rule.kind === 'unique' || rule.kind === 'exclusion') {
      // The index of a table whose rows stay holds this already.
      if (rule.kind === 'exclusion' && !staged.includes(load)) continue;
      const step = constraint?.rebuildable ? 1 : index?.plain ? 2 : base.step;
      if (index?.remakeable) tried.push({ ...base, outcome: 'left out', step: 2.5 });
      else tried.push({ ...base, step });
    } else if (rule.kind === 'computed') tried.push(base);
    else if (rule.validated) {
      const keepable = constraint !== undefined && keepableChecks.has(constraint);
      tried.push({ ...base, ...kept(keepable), ...(keepBroken && keepable && { step: 3 }) });
    }
  }
  for (const rule of await readLiveRules(session, referringOutside(shape))) {
    const constraint = shape.constraints.find((one) => isOf(one, rule));
    if (rule.kind !== 'foreign key' || constraint === undefined) continue;
    if (rule.validated && inside.has(constraint.targetOid))
      tried.push({ rule, load: undefined, constraint, ...kept(false), step: 3 });
  }
  return tried.sort((a, b) => a.step - b.step);
}

/** Returns the rules of the restored tables and of their partitions, each with its table. */
async function ownRules(session: Session, loads: TableLoad[]): Promise<{ rule: LiveRule; load: TableLoad }[]> {
  const read = (some: TableLoad[]) =>
    readLiveRules(
      session,
      some.map(({ live }) => live.oid),
      { everyExpression: true },
    );
  const plain = new Map(loads.filter(({ live }) => !live.partitioned).map((load) => [qualifiedName(load.live), load]));
  const found = (await read([...plain.values()])).flatMap((rule) => {
    const load = plain.get(qualifiedName(rule.table));
    return load === undefined ? [] : [{ rule, load }];
  });
  // Partitions have names of their own, so that each of these tables is read alone.
  for (const load of loads.filter(({ live }) => live.partitioned))
    for (const rule of await read([load])) found.push({ rule, load });
  return found;
}

function isOf(one: { name: string; table: ObjectName }, rule: LiveRule): boolean {
  return one.name === rule.name && qualifiedName(one.table) === qualifiedName(rule.table);
}

/** Returns what breaks a rule; a rule of several columns is tried again for each of them. */
async function breaking(
  session: Session,
  rule: LiveRule,
  stands: Substitute,
): Promise<{ found: BrokenRule; column: string | null }[]> {
  const found = await findBreaking(session, rule, NAMED_ROWS, stands);
  if (found.rows === 0) return [];
  if (rule.kind !== 'where' || rule.notNull === undefined) return [{ found, column: null }];
  const each: { found: BrokenRule; column: string }[] = [];
  for (const column of rule.notNull) {
    const one = await findBreaking(session, notNullOf(rule, column), NAMED_ROWS, stands);
    if (one.rows > 0) each.push({ found: one, column });
  }
  return each;
}

function hintOf({ outcome, constraint, rule }: Tried, hint: string): string {
  if (outcome === 'left out')
    return `The unique index ${rule.name} was never finished; it is left out, and the restore goes on.`;
  if (outcome === 'kept') return `${constraint?.name ?? rule.name} comes back NOT VALID, and these rows with it.`;
  return hint;
}

/** Returns the refusal for an expression that fails for a row; null when the failure says nothing about a restore. */
function failure(error: unknown, rule: LiveRule): Pick<PlannedRule, 'code' | 'message' | 'hint'> | null {
  if (!(error instanceof AppError) || ['CONNECTION_LOST', 'CANCELLED', 'TABLE_BUSY'].includes(error.code)) throw error;
  // Columns that are not staged, such as identity columns that the backup lacks.
  if (faultCode(error.cause) === '42703') return null;
  const refused = violation(error.cause, `checking ${rule.name} of ${qualifiedName(rule.table)}`);
  if (refused.code !== 'RESTORE_REFUSED') return null;
  return {
    code: refused.code,
    message: refused.message.replace(' Nothing was changed.', ''),
    hint: refused.hint ?? null,
  };
}

function wordsOf(error: unknown): string {
  return faultCode((error as AppError).cause) === '42703'
    ? 'it needs a column that only the restore itself can fill'
    : (error as AppError).message.replace(/\.$/, '');
}

/** Finds staged rows of partitioned tables that fit no partition. */
async function rowsWithoutPartition(session: Session, staged: TableLoad[], stands: Substitute): Promise<PlannedRule[]> {
  const found: PlannedRule[] = [];
  for (const { live } of staged.filter((load) => load.live.partitioned)) {
    const fits = live.leaves.map((leaf) => `(SELECT count(*) FROM ${stands(leaf)})`);
    const [counted] = await session.query<{ rows: number }>(
      `SELECT ((SELECT count(*) FROM ${stands(live)}) - ${['0', ...fits].join(' - ')})::float8 AS rows`,
    );
    const rows = counted?.rows ?? 0;
    if (rows === 0) continue;
    const table = shortName(live);
    found.push({
      table,
      rule: 'its partitions',
      ofBackup: true,
      rows,
      atLeast: false,
      keys: [],
      outcome: 'refused',
      keepable: false,
      code: 'RESTORE_REFUSED',
      message: `No partition of ${qualifiedName(live)} takes ${rows} ${rows === 1 ? 'row' : 'rows'} of the backup.`,
      hint: 'Make the partition they belong to, or a default one, and restore again.',
    });
  }
  return found;
}
