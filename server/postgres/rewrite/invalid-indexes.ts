import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { type Shape, type ShapeIndex, shapeDifferences } from '../catalog/shape.ts';

/** Outcome for indexes that were invalid, such as a cancelled CREATE INDEX CONCURRENTLY leaves. */
export interface SettledIndexes {
  /** Dropped, because rows of the backup break their uniqueness. */
  leftOut: ShapeIndex[];
  warnings: string[];
}

/** Returns the invalid indexes; the server makes them valid when it empties their table, wanted or not. */
function invalidIndexes(shape: Shape): ShapeIndex[] {
  return shape.indexes.filter((index) => index.live && !index.valid && !index.partitioned);
}

/** Returns the invalid indexes that can be dropped before the rows are loaded and created again after them. */
export function remakeableIndexes(shape: Shape): ShapeIndex[] {
  return invalidIndexes(shape).filter((index) => index.remakeable);
}

/** Creates these indexes again, valid, by `make`. Drops a unique one that the rows break, rather than fail the restore. */
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
      ? `The unique index ${qualifiedName(name)} was not valid and is gone: rows of the backup break it. When they are corrected: ${index.definition};`
      : `The index ${qualifiedName(name)} was not valid, because making it was never finished; the restore made it valid. If nobody needs it: DROP INDEX ${quoteName(name)};`;
  });
  return { leftOut, warnings };
}

/**
 * Returns the differences of two shapes, except for indexes that were invalid. Each of these must now be valid with the same definition,
 * or be one of `leftOut`.
 */
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
