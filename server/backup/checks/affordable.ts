import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { AppError } from '../../core/errors.ts';
import {
  backupLocks,
  budgetHint,
  describeShortage,
  fitsBudget,
  readLockBudget,
} from '../../postgres/locks/lock-budget.ts';

/**
 * Returns how many sessions, at most `connections`, can copy these tables; each session locks every table. Throws DATABASE_ERROR when the server
 * has no room for the locks of even one.
 */
export async function affordableConnections(
  session: Session,
  tables: ObjectName[],
  connections: number,
): Promise<number> {
  const budget = await readLockBudget(session);
  const need = await backupLocks(session, tables);
  // Other sessions on the server need some of the remaining room: only the first session may fill it.
  const shared = { ...budget, usedHolders: budget.usedHolders + need(1).objects };
  for (let sessions = connections; sessions > 1; sessions--) if (fitsBudget(shared, need(sessions))) return sessions;
  // A backup that runs out of locks changes nothing, so trying with little to spare beats refusing.
  if (fitsBudget(budget, need(1), 0)) return 1;
  throw new AppError('DATABASE_ERROR', `${describeShortage(budget, need(1), 'A backup')}. No backup was made.`, {
    hint: `${budgetHint(budget, need(1))} Or back up fewer tables at once with --tables.`,
    details: { setting: 'max_locks_per_transaction', is: budget.setting, locks: need(1).objects },
  });
}
