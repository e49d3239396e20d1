import type { Session } from '../../../db/connect/session.ts';
import { inTransaction } from '../../../db/connect/transaction.ts';

/** Tables per transaction: with TOAST table and its index each takes three locks, and the smallest server has room for some 200. */
const PORTION = 20;
/**
 * Runs one transaction for each portion of the items, so that none needs more locks than any server has. A failed portion is tried again
 * in halves, so that one item stops no other. Resolves with the failures of single items, and gives up after `maxFailures` of them.
 */
export async function inPortions<Item>(
  session: Session,
  items: readonly Item[],
  maxFailures: number,
  work: (portion: readonly Item[]) => Promise<unknown>,
): Promise<unknown[]> {
  const failures: unknown[] = [];
  const queue: (readonly Item[])[] = [];
  for (let at = 0; at < items.length; at += PORTION) queue.push(items.slice(at, at + PORTION));
  for (let portion = queue.shift(); portion && failures.length < maxFailures; portion = queue.shift()) {
    const current = portion;
    try {
      await inTransaction(session, () => work(current));
    } catch (error) {
      const half = Math.ceil(current.length / 2);
      if (session.signal.aborted || current.length === 1) failures.push(error);
      else queue.unshift(current.slice(0, half), current.slice(half));
      if (session.signal.aborted) break;
    }
  }
  return failures;
}
