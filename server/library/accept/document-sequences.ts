import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { type LiveSequence, readSequences } from '../../postgres/catalog/sequences.ts';
import type { StatedSequence } from './document-facts.ts';
import type { TableMapping } from './document-tables.ts';

/**
 * Returns the positions of the tables' sequences: as the document says, otherwise the furthest value in the owning
 * column. `silent` lists the sequences for which neither tells.
 */
export async function sequencesFor(
  session: Session,
  oids: number[],
  held: TableMapping[],
  stated: StatedSequence[],
): Promise<{ sequences: LiveSequence[]; silent: LiveSequence[] }> {
  const sequences: LiveSequence[] = [];
  const silent: LiveSequence[] = [];
  for (const sequence of await readSequences(session, oids, [])) {
    const position =
      stated.find((one) => qualifiedName(one) === qualifiedName(sequence)) ??
      (await positionByRows(session, sequence, held));
    const value = BigInt(position?.lastValue ?? 0);
    if (!position || value < BigInt(sequence.min) || value > BigInt(sequence.max)) silent.push(sequence);
    else sequences.push({ ...sequence, lastValue: position.lastValue, isCalled: position.isCalled });
  }
  return { sequences, silent };
}

async function positionByRows(
  session: Session,
  { ownedBy, increment, start }: LiveSequence,
  held: TableMapping[],
): Promise<Pick<LiveSequence, 'lastValue' | 'isCalled'> | null> {
  const mapping = held.find(({ live }) => ownedBy && qualifiedName(live) === qualifiedName(ownedBy));
  if (!ownedBy || !mapping?.staging.columns.some((column) => column.name === ownedBy.column)) return null;
  const furthest = BigInt(increment) > 0n ? 'max' : 'min';
  const [row] = await session.query<{ value: string | null }>(
    `SELECT pg_catalog.${furthest}(${quoteIdent(ownedBy.column)})::text AS value FROM ${quoteName(mapping.staging)}`,
  );
  const value = row?.value ?? null;
  return value === null ? { lastValue: start, isCalled: false } : { lastValue: value, isCalled: true };
}
