import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import type { Shape, ShapeConstraint } from '../catalog/shape.ts';
import { describeKept } from './broken-rules.ts';

/**
 * Returns the valid checks that must be off while rows arrive that may break them. Inherited checks stay on, because dropping one would
 * reach tables that are not restored.
 */
export function checksToTry(shape: Shape): ShapeConstraint[] {
  const heads = new Set(shape.relations.filter((one) => one.hasHeirs || one.foreign).map(({ oid }) => oid));
  return shape.constraints.filter(
    (one) =>
      one.type === 'c' && one.validated && one.enforced && one.local && !one.inherited && !heads.has(one.tableOid),
  );
}

const BREAKS = new Set(['23503', '23514']);

/** Puts a constraint back by `add`. Returns true when rows of the backup break it and it came back NOT VALID. Throws any other failure. */
export async function addOrKeep(add: (notValid: boolean) => Promise<void>, session: Session): Promise<boolean> {
  await session.query('SAVEPOINT rule');
  try {
    await add(false);
    await session.query('RELEASE SAVEPOINT rule');
    return false;
  } catch (error) {
    if (!(error instanceof AppError && BREAKS.has(faultCode(error.cause) ?? ''))) throw error;
    await session.query('ROLLBACK TO SAVEPOINT rule; RELEASE SAVEPOINT rule');
    await add(true).catch(() => {
      // Before 18 a partitioned table takes no NOT VALID foreign key; the broken rule is what a person must read about.
      throw error;
    });
    return true;
  }
}

/** Returns a warning for each kept rule, naming the rows that break it. */
export async function keptWarnings(session: Session, kept: ShapeConstraint[]): Promise<string[]> {
  const warnings: string[] = [];
  for (const constraint of kept) warnings.push(await describeKept(session, constraint));
  return warnings;
}

/** Returns the shape expected with these rules NOT VALID, also on the partitions that inherit them. */
export function withKept(shape: Shape, kept: ShapeConstraint[]): Shape {
  const isKept = (one: ShapeConstraint) =>
    kept.some(
      (rule) =>
        rule.name === one.name &&
        rule.type === one.type &&
        (qualifiedName(rule.table) === qualifiedName(one.table) ||
          (one.inherited && one.definition === rule.definition)),
    );
  return {
    ...shape,
    constraints: shape.constraints.map((one) =>
      isKept(one) ? { ...one, validated: false, definition: `${one.definition} NOT VALID` } : one,
    ),
  };
}
