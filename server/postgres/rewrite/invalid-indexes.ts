import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { type Shape, type ShapeIndex, shapeDifferences } from '../catalog/shape.ts';

/** What became of indexes that were not valid: a cancelled CREATE INDEX CONCURRENTLY leaves such. */
export interface SettledIndexes {
  /** Left out, because rows of the backup break their uniqueness. */
  leftOut: ShapeIndex[];
  warnings: string[];
}

/** Indexes that are not valid and that the server makes valid when it empties their table, whether anybody wants that or not. */
function invalidIndexes(shape: Shape): ShapeIndex[] {
  return shape.indexes.filter((index) => index.live && !index.valid && !index.partitioned);
}

/** Those that can be taken away before the rows come and made again after them. */
export function remakeableIndexes(shape: Shape): ShapeIndex[] {
  return invalidIndexes(shape).filter((index) => index.remakeable);
}

/** Makes them again, valid; a unique one that the rows break is left out rather than the restore given up. `make` makes one. */
export async function settleIndexes(
  session: Session,
  shape: Shape,
  make: (index: ShapeIndex) => Promise<void>,
): Promise<SettledIndexes> {
  const leftOut: ShapeIndex[] = [];
  for (const index of remakeableIndexes(shape)) {
    await session.query('SAVEPOINT invalid_index');
    try {
      await make(index);
      await session.query('RELEASE SAVEPOINT invalid_index');
    } catch (error) {
      if (!(index.unique && error instanceof AppError && faultCode(error.cause) === '23505')) throw error;
      await session.query('ROLLBACK TO SAVEPOINT invalid_index; RELEASE SAVEPOINT invalid_index');
      leftOut.push(index);
    }
  }
  const warnings = invalidIndexes(shape).map((index) => {
    const name = { schema: index.table.schema, name: index.name };
    return leftOut.includes(index)
      ? `The unique index ${qualifiedName(name)} was not valid and is gone: rows of the backup break it. When they are mended: ${index.definition};`
      : `The index ${qualifiedName(name)} was not valid, because making it was never finished; the restore made it valid. If nobody needs it: DROP INDEX ${quoteName(name)};`;
  });
  return { leftOut, warnings };
}

/** The differences of two shapes, but for indexes that were not valid: each must be valid now with the same definition, or be one of those left out. */
export function otherDifferences(before: Shape, after: Shape, { leftOut }: SettledIndexes): string[] {
  const settled = (index: ShapeIndex): ShapeIndex => ({
    ...index,
    valid: true,
    facts: '',
    plain: true,
    remakeable: false,
  });
  const invalid = invalidIndexes(before);
  const same = (one: ShapeIndex, other: ShapeIndex) =>
    one.name === other.name && qualifiedName(one.table) === qualifiedName(other.table);
  const expected = before.indexes.filter((index) => !leftOut.includes(index));
  return shapeDifferences(
    { ...before, indexes: expected.map((index) => (invalid.includes(index) ? settled(index) : index)) },
    {
      ...after,
      indexes: after.indexes.map((index) =>
        index.valid && invalid.some((one) => same(one, index)) ? settled(index) : index,
      ),
    },
  );
}
