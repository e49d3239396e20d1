import type { Session } from './session.ts';

/**
 * Runs work in one transaction and commits it. When a statement fails the transaction is rolled back, and what is thrown is that
 * first failure, whatever the rollback meets.
 */
export async function inTransaction<Result>(session: Session, work: () => Promise<Result>): Promise<Result> {
  await session.query('BEGIN ISOLATION LEVEL READ COMMITTED, READ WRITE');
  try {
    const result = await work();
    await session.query('COMMIT');
    return result;
  } catch (error) {
    // On a lost connection there is nothing to roll back any more.
    await session.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}
