import { AppError } from '../../core/errors.ts';
import type { Applied, Restoring } from './restoring.ts';
import { applyByRewrite } from './rewrite.ts';
import { applyByRows } from './rows.ts';

/**
 * Brings the rows of the backup into live, in one transaction, by the way that was asked for, or by the one that holds up others least and
 * is possible. Throws what that way throws; the transaction may then still be open: close the session.
 */
export async function applyRestore(restoring: Restoring): Promise<Applied> {
  const { wanted } = restoring;
  if (wanted === 'rewrite') return await applyByRewrite(restoring, { way: 'rewrite', why: 'it was asked for' });
  const applied = await applyByRows(restoring);
  if (!('reason' in applied)) return applied;
  if (wanted === 'rows') throw notByRows(applied.reason);
  return await applyByRewrite(restoring, { way: 'rewrite', why: applied.reason });
}

function notByRows(reason: string): AppError {
  return new AppError('RESTORE_REFUSED', `The way rows is not possible: ${reason}. Nothing was changed.`, {
    hint: 'Ask for the way rewrite, or leave the choice to the program.',
    details: { way: 'rows', reason },
  });
}
