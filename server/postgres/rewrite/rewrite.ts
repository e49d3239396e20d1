import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteLiteral, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { takeErrorsAsTheyAre } from '../catalog/encoding.ts';
import { alterTable, firingClause, type Shape, type ShapeConstraint, type ShapeIndex } from '../catalog/shape.ts';
import { blockSlices, selectList } from '../staging/staging.ts';
import { isOf, sleepClauses, wakeClauses } from './firing.ts';
import { remakeableIndexes, type SettledIndexes, settleIndexes } from './invalid-indexes.ts';
import { addOrKeep, checksToTry, keptWarnings } from './kept-rules.ts';
import type { TableLoad } from './table-load.ts';
import { explained } from './violation.ts';
import { type WriteWatch, watchWrites } from './writes.ts';

export interface RewriteSteps {
  onRows: (table: ObjectName, rows: number) => void;
  onStage: (stage: 'apply' | 'indexes' | 'links') => void;
  /** Awaited when the tables are empty; `onFilled` when the last row is in place. */
  onEmptied: () => Promise<void>;
  onFilled: () => Promise<void>;
}

/** Results that the caller must check again before the commit, or report. */
export interface Rewritten {
  watch: WriteWatch;
  indexes: SettledIndexes;
  /** Rules that rows of the backup break; NOT VALID now. */
  kept: ShapeConstraint[];
  warnings: string[];
}

/** Bytes of staging moved by one statement, so that progress shows. */
const SLICE_BYTES = 128 * 1024 * 1024;

/**
 * Replaces the rows of these tables from staging inside the open transaction, which holds all locks. Tables keep their identity, so that
 * views, grants, policies and publications stay; call `refuseOtherChanges` before the commit. Throws LINKS_BROKEN or RESTORE_REFUSED when
 * the rows do not fit, STAGING_LOST when staging is not whole.
 */
export async function rewriteTables(
  session: Session,
  loads: TableLoad[],
  before: Shape,
  steps: RewriteSteps,
  options: { keepBroken: boolean },
): Promise<Rewritten> {
  const set = new RewriteSet(loads, before, options.keepBroken);
  await takeErrorsAsTheyAre(session);
  await session.query('SET CONSTRAINTS ALL IMMEDIATE');
  await takeAway(session, set);
  await truncate(session, loads);
  const watch = await watchWrites(session, loads);
  await steps.onEmptied();
  steps.onStage('apply');
  for (const load of loads) await fill(session, load, steps);
  await watch.filled();
  await steps.onFilled();
  steps.onStage('indexes');
  for (const key of set.keys) await addConstraint(session, before, key);
  for (const index of set.indexes) await makeIndex(session, index);
  const indexes = await settleIndexes(session, before, (index) => makeIndex(session, index));
  steps.onStage('links');
  for (const check of set.checks.toReversed()) await addConstraint(session, before, check);
  for (const check of set.handedDown) await commentOn(session, check);
  const kept: ShapeConstraint[] = [];
  for (const rule of [...set.tried, ...set.foreignKeys]) {
    const add = (notValid: boolean) => addConstraint(session, before, rule, notValid);
    // Rows of a table that is not restored do not come from the backup.
    const ofBackup = loads.some(
      ({ live }) => live.oid === rule.tableOid || live.leaves.some(({ oid }) => oid === rule.tableOid),
    );
    if (!options.keepBroken || !ofBackup || !rule.validated) await add(false);
    else if (await addOrKeep(add, session)) kept.push(rule);
  }
  const warnings = [...indexes.warnings, ...(await keptWarnings(session, kept))];
  await wake(session, set);
  return { watch, indexes, kept, warnings };
}

/**
 * Returns the tables outside the set that refer to it or inherit a NOT VALID check. They must be locked and owned as well, because these
 * constraints are dropped for a while.
 */
export function referringOutside(shape: Shape): number[] {
  const inside = new Set(shape.relations.map((relation) => relation.oid));
  return [...new Set(shape.constraints.map((constraint) => constraint.tableOid).filter((oid) => !inside.has(oid)))];
}

/** Everything that a rewrite drops and puts back: foreign keys, NOT VALID checks, keys and plain indexes. Triggers and rules are disabled. */
class RewriteSet {
  readonly foreignKeys: ShapeConstraint[];
  readonly checks: ShapeConstraint[];
  /** Checks that are dropped and come back with a parent's. */
  readonly handedDown: ShapeConstraint[];
  /** Primary keys and unique constraints: filling a table with their indexes in place took 2.3 times as long as building them after. */
  readonly keys: ShapeConstraint[];
  readonly indexes: ShapeIndex[];
  /** Valid checks that rows of the backup may break, off until the rows are there. */
  readonly tried: ShapeConstraint[];
  readonly shape: Shape;

  constructor(loads: TableLoad[], shape: Shape, keepBroken: boolean) {
    this.shape = shape;
    this.tried = keepBroken ? checksToTry(shape) : [];
    const inside = new Set(shape.relations.map((relation) => relation.oid));
    // A foreign key to a table outside stays and checks each row: dropping it would need a lock on a table that is not restored.
    this.foreignKeys = shape.constraints.filter(
      (constraint) => constraint.type === 'f' && inside.has(constraint.targetOid),
    );
    // Rows older than a NOT VALID check may break it. The check binds new rows only, and restored rows are not new.
    const unsure = shape.constraints.filter(
      (constraint) =>
        (constraint.type === 'c' || constraint.type === 'n') && !constraint.validated && constraint.enforced,
    );
    // A child's own copy of an inherited check can be dropped only after the parent's.
    this.checks = unsure.filter(({ local }) => local).sort((a, b) => Number(a.inherited) - Number(b.inherited));
    this.handedDown = unsure.filter(({ local }) => !local);
    const filled = new Set(loads.filter((load) => load.rows > 0).map((load) => qualifiedName(load.live)));
    this.keys = shape.constraints.filter(
      (constraint) => constraint.rebuildable && filled.has(qualifiedName(constraint.table)),
    );
    this.indexes = shape.indexes.filter((index) => index.plain && filled.has(qualifiedName(index.table)));
  }
}

async function takeAway(session: Session, set: RewriteSet): Promise<void> {
  const { shape } = set;
  for (const constraint of [...set.foreignKeys, ...set.checks, ...set.tried, ...set.keys])
    await session.query(`${alterOwner(shape, constraint)} DROP CONSTRAINT ${quoteIdent(constraint.name)}`);
  for (const index of [...set.indexes, ...remakeableIndexes(shape)])
    await session.query(`DROP INDEX ${quoteName({ schema: index.table.schema, name: index.name })}`);
  for (const relation of shape.relations.filter(({ foreign }) => !foreign)) {
    for (const sql of sleepClauses(shape, relation)) await session.query(sql);
    const changes = [
      ...shape.rules
        .filter((rule) => isOf(rule, relation) && rule.enabled !== 'D')
        .map((rule) => firingClause('D', 'RULE', rule.name)),
      ...(relation.forceRowSecurity ? ['NO FORCE ROW LEVEL SECURITY'] : []),
    ];
    for (const change of changes) await session.query(`ALTER TABLE ONLY ${quoteName(relation)} ${change}`);
  }
}

async function wake(session: Session, { shape }: RewriteSet): Promise<void> {
  for (const relation of shape.relations.filter(({ foreign }) => !foreign)) {
    for (const sql of wakeClauses(shape, relation)) await session.query(sql);
    const changes = [
      ...shape.rules
        .filter((rule) => isOf(rule, relation) && rule.enabled !== 'D')
        .map((rule) => firingClause(rule.enabled, 'RULE', rule.name)),
      ...(relation.forceRowSecurity ? ['FORCE ROW LEVEL SECURITY'] : []),
    ];
    for (const change of changes) await session.query(`ALTER TABLE ONLY ${quoteName(relation)} ${change}`);
  }
}

/**
 * Empties the tables by one TRUNCATE, never CASCADE: all foreign keys are gone, so an objection comes from a table that was not meant.
 * Empties a table with a foreign partition by partitions, because its own TRUNCATE would empty that one on the other server.
 */
async function truncate(session: Session, loads: TableLoad[]): Promise<void> {
  const list = loads.flatMap(({ live }) => {
    if (!live.partitioned) return [`ONLY ${quoteName(live)}`];
    const local = live.leaves.filter((leaf) => !leaf.foreign);
    return local.length === live.leaves.length ? [quoteName(live)] : local.map((leaf) => `ONLY ${quoteName(leaf)}`);
  });
  if (list.length > 0) await session.query(`TRUNCATE ${list.join(', ')}`);
}

async function fill(session: Session, load: TableLoad, steps: RewriteSteps): Promise<void> {
  const columns = load.columns.map(quoteIdent).join(', ');
  let inserted = 0;
  for (const where of load.rows > 0 ? await blockSlices(session, load.staging, SLICE_BYTES) : []) {
    // Identity columns GENERATED ALWAYS accept explicit values only with OVERRIDING SYSTEM VALUE.
    const sql = `INSERT INTO ${quoteName(load.live)} (${columns}) OVERRIDING SYSTEM VALUE SELECT ${selectList(load.staging, load.columns)} FROM ${quoteName(load.staging)}${where}`;
    const moved = await explained(session.client.query(sql), `filling ${qualifiedName(load.live)}`);
    inserted += moved.rowCount ?? 0;
    steps.onRows(load.live, moved.rowCount ?? 0);
  }
  if (inserted !== load.rows)
    throw new AppError(
      'STAGING_LOST',
      `${qualifiedName(load.live)}: ${load.rows} rows were staged, ${inserted} arrived. Nothing was changed.`,
      {
        hint: 'Somebody wrote to the staging tables meanwhile, or something on the server keeps rows away. Run the restore again; when it happens once more, look for extensions that act on INSERT.',
        details: { table: qualifiedName(load.live), staged: load.rows, inserted },
      },
    );
}

async function makeIndex(session: Session, index: ShapeIndex): Promise<void> {
  await explained(session.client.query(index.definition), `building the index ${index.name}`);
  if (index.comment !== null)
    await session.query(
      `COMMENT ON INDEX ${quoteName({ schema: index.table.schema, name: index.name })} IS ${quoteLiteral(index.comment)}`,
    );
}

async function addConstraint(
  session: Session,
  shape: Shape,
  constraint: ShapeConstraint,
  notValid = false,
): Promise<void> {
  const sql = `${alterOwner(shape, constraint)} ADD CONSTRAINT ${quoteIdent(constraint.name)} ${constraint.definition}${notValid ? ' NOT VALID' : ''}`;
  await explained(session.client.query(sql), `putting back ${constraint.name} of ${qualifiedName(constraint.table)}`);
  await commentOn(session, constraint);
}

async function commentOn(session: Session, { name, table, comment }: ShapeConstraint): Promise<void> {
  if (comment === null) return;
  await session.query(`COMMENT ON CONSTRAINT ${quoteIdent(name)} ON ${quoteName(table)} IS ${quoteLiteral(comment)}`);
}

/**
 * Returns the ALTER TABLE for a constraint. Checks pass down to children, a foreign key only from a partitioned table to its partitions.
 */
function alterOwner(shape: Shape, constraint: ShapeConstraint): string {
  const relation = shape.relations.find((candidate) => candidate.oid === constraint.tableOid);
  if (constraint.type !== 'f' || relation === undefined) return `ALTER TABLE ${quoteName(constraint.table)}`;
  return alterTable(relation);
}
