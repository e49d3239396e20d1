import { qualifiedName, shortName, storedColumns } from '../../../db/model/model.ts';
import { type Found, findDifferences } from '../../postgres/compare/differences.ts';
import { type KeyColumn, readRowKeys } from '../../postgres/compare/row-key.ts';
import { countLocalRows } from '../../postgres/rewrite/writes.ts';
import { changeRows, orderChanges } from '../../postgres/rows/change-rows.ts';
import { type ChangingTable, changedColumns } from '../../postgres/rows/changing-table.ts';
import { readPartitionColumns, whyNotByRows } from '../../postgres/rows/forbidden.ts';
import { NotByRows } from '../../postgres/rows/not-by-rows.ts';
import { isUnchanged, readHorizon, type Watermark } from '../../postgres/rows/watermark.ts';
import { findEqual, inOneMoment } from '../compare/moments.ts';
import type { PlannedTable } from '../plan.ts';
import { type Applied, type Restoring, type RowChanges, stageTables } from './restoring.ts';
import { changeLive } from './transaction.ts';

/** Share of the rows that may differ; beyond it a rewrite is sooner done. */
const MOST_CHANGED = 0.2;
const TOO_MANY = `more than ${100 * MOST_CHANGED} % of the rows differ`;

const BUSY = { end: 'Nothing was changed.', again: 'run the restore again.' };

/** The reason for which rows cannot be changed one by one; it completes “… because”. */
export interface NotPossible {
  reason: string;
}

/**
 * Changes only the rows that differ, while others read on. Returns the reason, with nothing changed, when that is not possible: before
 * anything is locked where it can be known, otherwise after a rollback.
 */
export async function applyByRows(restoring: Restoring): Promise<Applied | NotPossible> {
  try {
    const first = await tryOnce(restoring, []);
    if (!(first instanceof TablesChanged)) return first;
    // These tables were equal and were then written to: the second time they are compared row by row, like those that differ.
    const second = await tryOnce(restoring, first.tables);
    return second instanceof TablesChanged ? { reason: second.message } : second;
  } catch (error) {
    if (!(error instanceof NotByRows)) throw error;
    // Outside a transaction, where the reason was found before the lock, this does nothing.
    await restoring.leader.query('ROLLBACK');
    await restoring.leader.query('SET lock_timeout = 0');
    return { reason: error.message };
  }
}

/** Thrown inside the transaction when equal tables are not what they were. */
class TablesChanged extends Error {
  readonly tables: PlannedTable[];

  constructor(tables: PlannedTable[]) {
    super(`${tables.map(({ live }) => shortName(live)).join(', ')} was written to again and again meanwhile`);
    this.tables = tables;
  }
}

/** A table whose rows were compared with staging, and the moment of that. */
interface Compared {
  table: PlannedTable;
  key: KeyColumn[];
  found: Found;
  mark: Watermark;
}

async function tryOnce(restoring: Restoring, suspects: PlannedTable[]): Promise<Applied | TablesChanged> {
  const { leader, target, wanted, patience } = restoring;
  const { tables } = target.plan;
  const looking = { ...restoring, lockGiveUpMs: patience.giveUpMs, busy: BUSY };
  const equal = await findEqual(
    looking,
    tables,
    tables.filter((table) => !suspects.includes(table)),
  );
  const others = tables.filter((table) => !equal.tables.has(table));
  const refuseCatalogs = async () => {
    const why = await whyNotByRows(leader, oidsOf(others), target.oids);
    if (why !== null) throw new NotByRows(why);
  };
  const keys = await readRowKeys(leader, oidsOf(others));
  const partitions = await readPartitionColumns(leader, oidsOf(others));
  await refuseCatalogs();
  const usable = others.map((table) => ({ table, key: usableKey(table, keys.get(table.live.oid)) }));
  if (wanted === 'auto') await refuseSizes(restoring, others);
  await stageTables(restoring, others);

  const whole = rowsOf(tables);
  let most = Math.floor(whole * MOST_CHANGED);
  const compared: Compared[] = [];
  await inOneMoment(looking, others, async () => {
    const horizon = await readHorizon(leader);
    for (const { table, key } of usable) {
      restoring.onProgress({
        stage: 'differences',
        rows: 0,
        bytes: 0,
        totalBytes: 0,
        table: qualifiedName(table.live),
      });
      const found = await compare(restoring, table, key, wanted === 'auto' ? most : undefined);
      if (found.isPart) throw new NotByRows(TOO_MANY);
      most -= changesOf(found);
      compared.push({ table, key, found, mark: { horizon, rows: found.live } });
    }
  });
  // Looked at once more under the lock; here, so that nothing is locked in vain.
  const foreseen = compared.filter(({ found }) => changesOf(found) > 0);
  await orderChanges(
    leader,
    foreseen.map(({ table, key, found }) => changingOf(table, key, found, partitions)),
    whole,
  );
  const differing = compared.reduce((sum, { found }) => sum + changesOf(found), 0);
  const why = differing === 0 ? 'no row differs' : `${differing} of ${whole} rows differ`;
  try {
    return await changeLive(restoring, { way: 'rows', why }, 'EXCLUSIVE', async (moment) => {
      await refuseCatalogs();
      const touched = [];
      for (const table of equal.tables)
        if (!(await isUnchanged(leader, table.live, { ...equal, rows: table.archived.rows }))) touched.push(table);
      if (touched.length > 0) throw new TablesChanged(touched);
      const changing: ChangingTable[] = [];
      for (const { table, key, found, mark } of compared) {
        const same = await isUnchanged(leader, table.live, mark);
        const now = same ? found : await compare(restoring, table, key);
        if (changesOf(now) > 0) changing.push(changingOf(table, key, now, partitions));
      }
      const chosen = tables.map(({ live, archived }) => ({ live, rows: archived.rows }));
      const changed = await changeRows(leader, changing, chosen, moment.shape, {
        onRows: moment.progress.rows,
        onEmptied: moment.emptied,
        onFilled: moment.filled,
      });
      return { ...changed, warnings: [], changes: countsOf(changing) };
    });
  } catch (error) {
    if (!(error instanceof TablesChanged)) throw error;
    await leader.query('ROLLBACK');
    return error;
  }
}

function oidsOf(tables: PlannedTable[]): number[] {
  return tables.map(({ live }) => live.oid);
}

/** Returns the key by which rows of the table can be told apart. Throws NotByRows where there is none, or where staging lacks something. */
function usableKey({ live, staging, columns }: PlannedTable, key: KeyColumn[] | undefined): KeyColumn[] {
  const name = shortName(live);
  const missing = storedColumns(live).find((column) => !columns.includes(column.name));
  if (missing)
    throw new NotByRows(`${missing.name} of ${name} is not in the backup, and a restore gives it back its default`);
  if (staging.columns.some(({ becomes }) => becomes !== undefined))
    throw new NotByRows(`values of ${name} may be older than a check of their domain`);
  if (!key) throw new NotByRows(`${name} has no key`);
  return key;
}

async function compare({ leader }: Restoring, table: PlannedTable, key: KeyColumn[], most?: number): Promise<Found> {
  const { live, staging, columns, archived } = table;
  const compared = { live, staging, columns, key, rows: archived.rows, ...(most !== undefined && { most }) };
  const found = await findDifferences(leader, compared);
  if (found.rows === null) throw new NotByRows(`rows of ${shortName(live)} do not keep its key`);
  return found;
}

function changesOf({ differences: { added, changed, removed } }: Found): number {
  return added + changed + removed;
}

/** Throws NotByRows where the numbers of rows alone tell that too many differ: no row needs to be loaded for that. */
async function refuseSizes({ leader, target }: Restoring, others: PlannedTable[]): Promise<void> {
  let differing = 0;
  for (const { live, archived } of others) {
    const rows = await countLocalRows(leader, live);
    differing += Math.abs(rows - archived.rows);
  }
  if (differing > rowsOf(target.plan.tables) * MOST_CHANGED) throw new NotByRows(TOO_MANY);
}

function rowsOf(tables: PlannedTable[]): number {
  return tables.reduce((sum, { archived }) => sum + archived.rows, 0);
}

/** Returns the table with its differences. Throws NotByRows for a column that an UPDATE cannot set, or that moves rows elsewhere. */
function changingOf(
  { live, staging, columns }: PlannedTable,
  key: KeyColumn[],
  { differences, rows }: Found,
  partitions: Awaited<ReturnType<typeof readPartitionColumns>>,
): ChangingTable {
  if (rows === null) throw new NotByRows(`rows of ${shortName(live)} do not keep its key`);
  const changing: ChangingTable = { live, staging, columns, key, rows, differences };
  const changed = changedColumns(changing);
  const fixed = live.columns.find(({ name, identity }) => identity === 'always' && changed.includes(name));
  if (fixed) throw new NotByRows(`${fixed.name} of ${shortName(live)} changes, and is GENERATED ALWAYS`);
  const moving = (partitions.get(live.oid) ?? []).some((name) => name === null || changed.includes(name));
  if (moving && differences.changed > 0) throw new NotByRows(`rows of ${shortName(live)} may change their partition`);
  return changing;
}

function countsOf(changing: ChangingTable[]): Record<string, RowChanges> {
  return Object.fromEntries(
    changing.map(({ live, differences: { added, changed, removed } }) => [
      shortName(live),
      { added, changed, removed },
    ]),
  );
}
