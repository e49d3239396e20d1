import type { Session } from '../../../db/connect/session.ts';
import { shortName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { type ChangingTable, changedColumns, hasKey, liveRows, nameOf } from './changing-table.ts';
import type { Link } from './links.ts';
import { NotByRows } from './not-by-rows.ts';

/** Rows read in a scan for those that refer to a removed one, for each row of a rewrite: they take the same time, 0.3 µs and 5 µs each. */
const READ_PER_REWRITTEN = 16;
/** Rows that may be read in any case. */
const ALWAYS_READ = 1_000_000;

/**
 * Throws NotByRows when rows that are referred to change or go in a way that would reach other rows, or that would last longer than a
 * rewrite of `rows`.
 */
export function refuseCostlyLinks(tables: ChangingTable[], links: Link[], rows: number): void {
  const most = Math.max(ALWAYS_READ, rows * READ_PER_REWRITTEN);
  for (const link of links) {
    const target = tables.find(({ live }) => live.oid === link.targetOid);
    const [referring, columns] = [shortName(link.table), link.columns.join(', ')];
    if (link.ofPartition) throw new NotByRows(`the foreign key ${link.name} is one of a single partition`);
    if (target === undefined) continue;
    if (changedColumns(target).some((name) => link.targetColumns.includes(name)))
      throw new NotByRows(`values of ${nameOf(target)} change to which rows of ${referring} may refer`);
    if (!link.indexed && target.differences.removed * link.rows > most)
      throw new NotByRows(
        `${referring} has no index on ${columns}, and would be searched for each of ${target.differences.removed} rows that go from ${nameOf(target)}`,
      );
  }
}

/**
 * Throws NotByRows when rows refer to those that are about to go. The server would refuse them, or change or remove what refers to them,
 * which no restore asked for.
 */
export async function refuseReferred(session: Session, table: ChangingTable, links: Link[]): Promise<void> {
  for (const link of links.filter(({ targetOid, deferred }) => targetOid === table.live.oid && !deferred)) {
    const refers = link.targetColumns.map(
      (name, at) => `l.${quoteIdent(name)} ${link.equals[at]} c.${quoteIdent(link.columns[at] ?? '')}`,
    );
    const others =
      link.oid === table.live.oid
        ? `AND NOT EXISTS (SELECT FROM ${quoteName(table.rows)} AS g WHERE g.change = 'remove' AND ${hasKey(table, 'c', 'g')})`
        : '';
    const [found] = await session.query(`
      SELECT FROM ${quoteName(table.rows)} AS d JOIN ${liveRows(table)} AS l ON ${hasKey(table, 'l', 'd')}
        JOIN ${quoteName(link.table)} AS c ON ${refers.join(' AND ')}
       WHERE d.change = 'remove' ${others} LIMIT 1`);
    if (found)
      throw new NotByRows(`rows of ${shortName(link.table)} refer to rows of ${nameOf(table)} that go (${link.name})`);
  }
}
