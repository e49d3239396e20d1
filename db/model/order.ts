import { qualifiedName, type TableModel } from './model.ts';

export interface LoadOrder {
  /** Every table once, as `schema.name`: each follows the tables it refers to, except by foreign keys inside a cycle. */
  order: string[];
  /**
   * Groups of tables that refer to each other; a table that refers to itself is a group of one. No insert order satisfies their foreign
   * keys.
   */
  cycles: string[][];
}

type Node = Pick<TableModel, 'schema' | 'name' | 'foreignKeys'>;

/**
 * Returns an order in which tables can be filled. Depends on names and foreign keys only, never on the order given: among possible orders
 * the first by name wins. Ignores foreign keys to tables outside the list.
 */
export function loadOrder(tables: readonly Node[]): LoadOrder {
  const targets = referencedTables(tables);
  const groups = stronglyConnected(targets);
  const cycles = groups.filter((group) => group.length > 1 || targets.get(group[0] ?? '')?.has(group[0] ?? ''));
  return { order: orderGroups(groups, targets).flat(), cycles: cycles.sort(byFirst) };
}

function referencedTables(tables: readonly Node[]): Map<string, Set<string>> {
  const names = new Set(tables.map(qualifiedName));
  const sortedTables = [...tables].sort((a, b) => (qualifiedName(a) < qualifiedName(b) ? -1 : 1));
  return new Map(
    sortedTables.map((table) => [
      qualifiedName(table),
      new Set(table.foreignKeys.map(({ target }) => qualifiedName(target)).filter((name) => names.has(name))),
    ]),
  );
}

/** Finds strongly connected groups by Tarjan's algorithm; each is sorted by name. */
function stronglyConnected(targets: Map<string, Set<string>>): string[][] {
  const index = new Map<string, number>();
  const open: string[] = [];
  const isOpen = new Set<string>();
  const groups: string[][] = [];

  function visit(name: string): number {
    const own = index.size;
    let lowest = own;
    index.set(name, own);
    open.push(name);
    isOpen.add(name);
    for (const target of targets.get(name) ?? []) {
      if (!index.has(target)) lowest = Math.min(lowest, visit(target));
      else if (isOpen.has(target)) lowest = Math.min(lowest, index.get(target) ?? own);
    }
    if (lowest === own) {
      const group = open.splice(open.indexOf(name));
      for (const member of group) isOpen.delete(member);
      groups.push(group.sort());
    }
    return lowest;
  }

  for (const name of targets.keys()) if (!index.has(name)) visit(name);
  return groups;
}

/** Orders the groups, which hold no further cycle, by Kahn's algorithm. */
function orderGroups(groups: string[][], targets: Map<string, Set<string>>): string[][] {
  const groupOf = new Map(groups.flatMap((group) => group.map((name) => [name, group] as const)));
  const needs = new Map(groups.map((group) => [group, new Set<string[]>()]));
  for (const [name, names] of targets) {
    const group = groupOf.get(name);
    for (const target of names) {
      const other = groupOf.get(target);
      if (group && other && other !== group) needs.get(group)?.add(other);
    }
  }
  const waiting = [...groups].sort(byFirst);
  const ordered: string[][] = [];
  while (waiting.length > 0) {
    const ready = waiting.findIndex((group) => needs.get(group)?.size === 0);
    const [group] = waiting.splice(ready, 1);
    if (!group) break;
    ordered.push(group);
    for (const set of needs.values()) set.delete(group);
  }
  return ordered;
}

function byFirst(a: string[], b: string[]): number {
  return (a[0] ?? '') < (b[0] ?? '') ? -1 : 1;
}
