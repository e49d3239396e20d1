import { chooseWay } from './choose-way.ts';
import type { Applied, Restoring } from './restoring.ts';
import { applyByRewrite } from './rewrite.ts';

/**
 * Brings the rows of the backup into live, in one transaction, by the way that fits. Throws what that way throws; the transaction may then
 * still be open: close the session.
 */
export async function applyRestore(restoring: Restoring): Promise<Applied> {
  return await applyByRewrite(restoring, chooseWay(restoring.wanted));
}
