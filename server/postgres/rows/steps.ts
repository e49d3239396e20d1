/** The kind of a statement that changes rows of one table. */
export type StepKind = 'remove' | 'change' | 'add';

export interface Step<Table> {
  table: Table;
  kind: StepKind;
}

/** A pair of steps of which the first must come first. */
export interface Before<Table> {
  first: Step<Table>;
  next: Step<Table>;
}

/**
 * Returns the steps in an order that keeps every pair, otherwise in the order given. Returns the tables of a circle when there is no such
 * order. Pairs of steps that are not among those to be taken do not count.
 */
export function inOrder<Table>(
  steps: Step<Table>[],
  pairs: Before<Table>[],
): { order: Step<Table>[] } | { circle: Table[] } {
  const find = (step: Step<Table>) => steps.find(({ table, kind }) => table === step.table && kind === step.kind);
  const waits = new Map(steps.map((step) => [step, new Set<Step<Table>>()]));
  for (const { first, next } of pairs) {
    const [before, after] = [find(first), find(next)];
    if (before && after) waits.get(after)?.add(before);
  }
  const order: Step<Table>[] = [];
  while (waits.size > 0) {
    const free = [...waits].find(([, before]) => before.size === 0)?.[0];
    if (free === undefined) return { circle: [...new Set([...waits.keys()].map(({ table }) => table))] };
    order.push(free);
    waits.delete(free);
    for (const before of waits.values()) before.delete(free);
  }
  return { order };
}
