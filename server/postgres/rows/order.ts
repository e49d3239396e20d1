import type { Session } from '../../../db/connect/session.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { type ChangingTable, changedColumns, hasKey, liveRows, nameOf, rowsOf } from './changing-table.ts';
import type { Link } from './links.ts';
import { NotByRows } from './not-by-rows.ts';
import { type Before, inOrder, type Step, type StepKind } from './steps.ts';
import type { Unique } from './uniques.ts';

const KINDS: readonly StepKind[] = ['remove', 'change', 'add'];

/**
 * Returns the statements to run, in an order in which no foreign key and no unique value is broken in between. Throws NotByRows when there
 * is none.
 */
export async function orderSteps(
  session: Session,
  tables: ChangingTable[],
  links: Link[],
  uniques: Unique[],
): Promise<Step<ChangingTable>[]> {
  const steps = KINDS.flatMap((kind) =>
    tables.filter((table) => rowsOf(table, kind) > 0).map((table) => ({ table, kind })),
  );
  const byOid = new Map(tables.map((table) => [table.live.oid, table]));
  const pairs = links.flatMap((link) => pairsOfLink(link, byOid.get(link.oid), byOid.get(link.targetOid)));
  for (const unique of uniques) {
    const table = byOid.get(unique.oid);
    if (table) pairs.push(...(await pairsOfUnique(session, table, unique)));
  }
  const sorted = inOrder(steps, pairs);
  if ('order' in sorted) return sorted.order;
  throw new NotByRows(`changed rows of ${sorted.circle.map(nameOf).join(', ')} depend on each other in a circle`);
}

function pairsOfLink(
  link: Link,
  referring: ChangingTable | undefined,
  target: ChangingTable | undefined,
): Before<ChangingTable>[] {
  if (link.deferred || !referring || !target) return [];
  const pair = (first: Step<ChangingTable>, next: Step<ChangingTable>) => ({ first, next });
  const touched = changedColumns(referring);
  const changes = { table: referring, kind: 'change' } as const;
  return [
    ...(link.columns.some((name) => touched.includes(name))
      ? [pair({ table: target, kind: 'add' }, changes), pair(changes, { table: target, kind: 'remove' })]
      : []),
    // Rows of one statement may refer to each other: the server looks when it has ended.
    ...(referring === target
      ? []
      : [
          pair({ table: target, kind: 'add' }, { table: referring, kind: 'add' }),
          pair({ table: referring, kind: 'remove' }, { table: target, kind: 'remove' }),
        ]),
  ];
}

async function pairsOfUnique(session: Session, table: ChangingTable, unique: Unique): Promise<Before<ChangingTable>[]> {
  const { columns } = unique;
  if (columns !== null && isKey(table, columns)) return [];
  const pair = (first: StepKind, next: StepKind) => ({ first: { table, kind: first }, next: { table, kind: next } });
  // What such a rule makes equal only the server can tell; this order frees a value before another row takes it.
  if (columns === null || !columns.every((name) => table.columns.includes(name)))
    return [pair('remove', 'change'), pair('remove', 'add'), pair('change', 'add')];
  const moves = await movedValues(session, table, columns, unique.equals);
  if (moves.some(({ from, to }) => from === 'change' && to === 'change'))
    throw new NotByRows(`values of ${unique.name} change places among rows of ${nameOf(table)}`);
  return moves.map(({ from, to }) => pair(from, to));
}

function isKey({ key }: ChangingTable, columns: string[]): boolean {
  return columns.length === key.length && key.every(({ name }) => columns.includes(name));
}

/** Finds which kinds of rows give up a unique value that another row takes. */
async function movedValues(
  session: Session,
  table: ChangingTable,
  columns: string[],
  equals: string[],
): Promise<{ from: StepKind; to: StepKind }[]> {
  const same = columns.map((name, at) => `s.${quoteIdent(name)} ${equals[at]} l.${quoteIdent(name)}`);
  return session.query(`
    SELECT DISTINCT o.change AS "from", n.change AS "to"
      FROM ${quoteName(table.rows)} AS n JOIN ${quoteName(table.staging)} AS s ON ${hasKey(table, 's', 'n')}
      JOIN ${liveRows(table)} AS l ON ${same.join(' AND ')}
      JOIN ${quoteName(table.rows)} AS o ON ${hasKey(table, 'l', 'o')}
     WHERE n.change IN ('add', 'change') AND o.change IN ('remove', 'change') AND NOT (${hasKey(table, 'l', 'n')})`);
}
