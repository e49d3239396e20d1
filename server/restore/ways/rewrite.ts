import { withoutUnsureChecks } from '../../postgres/catalog/domain-checks.ts';
import { explainBrokenRule, isBrokenRule } from '../../postgres/rewrite/broken-rules.ts';
import { refuseForeignRows } from '../../postgres/rewrite/foreign-rows.ts';
import { otherDifferences } from '../../postgres/rewrite/invalid-indexes.ts';
import { withKept } from '../../postgres/rewrite/kept-rules.ts';
import { rewriteTables } from '../../postgres/rewrite/rewrite.ts';
import { loadOf } from '../plan.ts';
import { type Applied, type Restoring, stageTables } from './restoring.ts';
import { changeLive } from './transaction.ts';
import type { ChosenWay } from './way.ts';

/** Loads every table into staging, then replaces all rows of live by the staged ones. Nobody reads or writes the tables meanwhile. */
export async function applyByRewrite(restoring: Restoring, chosen: ChosenWay): Promise<Applied> {
  const { plan } = restoring.target;
  const { leader, knowledge } = restoring;
  await stageTables(restoring, plan.tables);
  const loads = plan.tables.map(loadOf);
  await refuseForeignRows(leader, loads);
  return await changeLive(restoring, chosen, 'ACCESS EXCLUSIVE', async ({ shape, progress, emptied, filled }) => {
    // Rolled back only to find out which rows break a rule; the restore fails all the same.
    await leader.query('SAVEPOINT before_rewrite');
    const steps = { onRows: progress.rows, onStage: progress.stage, onEmptied: emptied, onFilled: filled };
    const rewritten = await withoutUnsureChecks(leader, plan.unsureDomains, () =>
      rewriteTables(leader, loads, shape, steps, knowledge),
    ).catch(async (error: unknown) => {
      if (!isBrokenRule(error)) throw error;
      await leader.query('ROLLBACK TO SAVEPOINT before_rewrite');
      throw await explainBrokenRule(leader, loads, shape, knowledge, error);
    });
    return {
      warnings: rewritten.warnings,
      differences: (after) => otherDifferences(withKept(shape, rewritten.kept), after, rewritten.indexes),
      faults: () => rewritten.watch.faults(),
    };
  });
}
