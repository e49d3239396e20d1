import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import { takeErrorsAsTheyAre } from '../catalog/encoding.ts';
import { type Shape, shapeDifferences } from '../catalog/shape.ts';
import type { Changed } from '../rewrite/final-check.ts';
import { sleepClauses, wakeClauses } from '../rewrite/firing.ts';
import { explained } from '../rewrite/violation.ts';
import { watchChanges } from '../rewrite/writes.ts';
import { type ChangingTable, nameOf, rowsOf, statementOf } from './changing-table.ts';
import { type Link, readLinks } from './links.ts';
import { NotByRows } from './not-by-rows.ts';
import { orderSteps } from './order.ts';
import { refuseCostlyLinks, refuseReferred } from './referred.ts';
import type { Step } from './steps.ts';
import { readUniques } from './uniques.ts';

/** A chosen table and the rows it must hold in the end, whether or not any of them changes. */
export interface ChosenTable {
  live: ChangingTable['live'];
  rows: number;
}

export interface ChangeSteps {
  onRows: (table: ObjectName, rows: number) => void;
  /** Awaited before the first row changes; `onFilled` after the last one. */
  onEmptied: () => Promise<void>;
  onFilled: () => Promise<void>;
}

/** The statements to run, in their order, and the foreign keys to be looked at in between. */
export interface OrderedChanges {
  links: Link[];
  order: Step<ChangingTable>[];
}

/**
 * Returns how the rows that differ can be changed; only reads. `rows` is the number of rows that a rewrite would move instead. Throws
 * NotByRows when there is no order for it, or when it would take longer than a rewrite.
 */
export async function orderChanges(session: Session, changing: ChangingTable[], rows: number): Promise<OrderedChanges> {
  const oids = changing.map(({ live }) => live.oid);
  const links = await readLinks(session, oids);
  refuseCostlyLinks(changing, links, rows);
  return { links, order: await orderSteps(session, changing, links, await readUniques(session, oids)) };
}

/**
 * Removes, changes and adds the rows that differ, inside the open transaction, which keeps every writer away from all tables and lets
 * readers go on. Throws NotByRows when the rows do not get there one by one; nothing may be committed then.
 */
export async function changeRows(
  session: Session,
  changing: ChangingTable[],
  chosen: ChosenTable[],
  shape: Shape,
  steps: ChangeSteps,
): Promise<Changed> {
  const whole = chosen.reduce((sum, { rows }) => sum + rows, 0);
  const { links, order } = await orderChanges(session, changing, whole);
  await takeErrorsAsTheyAre(session);
  const altered = relationsOf(changing, shape);
  for (const relation of altered) for (const sql of sleepClauses(shape, relation)) await session.query(sql);
  const watch = await watchChanges(
    session,
    chosen.map(({ live, rows }) => {
      const own = changing.find((one) => one.live.oid === live.oid);
      const count = (kind: 'add' | 'change' | 'remove') => (own ? rowsOf(own, kind) : 0);
      return { live, rows, inserted: count('add'), updated: count('change'), deleted: count('remove') };
    }),
  );
  await steps.onEmptied();
  await unlessBroken(async () => {
    await session.query('SET CONSTRAINTS ALL DEFERRED');
    for (const { table, kind } of order) {
      if (kind === 'remove') await refuseReferred(session, table, links);
      const done = await explained(
        session.client.query(statementOf(table, kind)),
        `changing rows of ${qualifiedName(table.live)}`,
      );
      const expected = rowsOf(table, kind);
      if (done.rowCount !== expected)
        throw new NotByRows(`of ${expected} rows of ${nameOf(table)} to ${kind}, ${done.rowCount} could be reached`);
      steps.onRows(table.live, expected);
    }
    await session.query('SET CONSTRAINTS ALL IMMEDIATE');
  });
  await steps.onFilled();
  for (const relation of altered) for (const sql of wakeClauses(shape, relation)) await session.query(sql);
  return { differences: (after) => shapeDifferences(shape, after), faults: () => watch.faults() };
}

function relationsOf(tables: ChangingTable[], shape: Shape): Shape['relations'] {
  const oids = new Set(tables.flatMap(({ live }) => [live.oid, ...live.leaves.map(({ oid }) => oid)]));
  return shape.relations.filter(({ oid }) => oids.has(oid));
}

/** SQLSTATEs of a broken rule, and of a table that may not be updated because of a publication. */
const NOT_ONE_BY_ONE = /^(23|55000)/;

/** Runs statements of which one may break a rule that all of them together keep, or that rows of the backup break anyway. */
async function unlessBroken(work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AppError) || !NOT_ONE_BY_ONE.test(faultCode(error.cause) ?? '')) throw error;
    const { constraint, table } = error.cause as { constraint?: string; table?: string };
    throw new NotByRows(
      `rows break ${constraint ?? 'a rule'}${table === undefined ? '' : ` of ${table}`} while they are changed one after the other`,
      { cause: error },
    );
  }
}
