import type { Session } from './session.ts';

/**
 * Runs work in one transaction and commits it. Rolls back when a statement fails, and throws that first failure whatever the rollback
 * meets.
 */
export async function inTransaction<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE');
  try {
    const result = await work();
    await session.query('COMMIT');
    return result;
  } catch (error) {
    // A lost connection has nothing left to roll back.
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
