/** Rows of one table that a restore would bring back, change and remove. */
export interface PreviewedTable {
  table: string;
  added: number;
  changed: number;
  removed: number;
  /** By column, in how many of the changed rows it differs. */
  columns: Record<string, number>;
}

/** The result of an operation of the kind `plan`, as far as it is shown. */
interface Comparison {
  operationId: string;
  digest: string;
  tables: PreviewedTable[];
  stops: { message: string; hint: string | null }[];
  rules: { message: string; hint: string | null; outcome: 'refused' | 'kept' | 'left out'; keepable: boolean }[];
  kept: { tables: { schema: string; name: string }[] } | null;
}

export interface PreviewResult {
  /** Tables of which a restore would touch a row. */
  differing: PreviewedTable[];
  added: number;
  changed: number;
  removed: number;
  stops: Comparison['stops'];
  /** Rules that rows would break without the restore being refused for it. */
  settled: Comparison['rules'];
  /** True when the restore would be refused for rules that it may put back NOT VALID instead. */
  couldKeep: boolean;
  /** The operation that keeps rows, and the tables of which it does. */
  plan: string;
  digest: string;
  kept: ReadonlySet<string>;
}

/** Returns the numbers of a finished preview from the result of its operation; null for any other result. */
export function previewOf(result: unknown): PreviewResult | null {
  if (!isComparison(result)) return null;
  const sum = (count: (table: PreviewedTable) => number) =>
    result.tables.reduce((total, table) => total + count(table), 0);
  return {
    differing: result.tables.filter(({ added, changed, removed }) => added + changed + removed > 0),
    added: sum(({ added }) => added),
    changed: sum(({ changed }) => changed),
    removed: sum(({ removed }) => removed),
    stops: result.stops,
    settled: result.rules.filter(({ outcome }) => outcome !== 'refused'),
    plan: result.operationId,
    digest: result.digest,
    kept: new Set((result.kept?.tables ?? []).map((table) => shortNameOf(table))),
    couldKeep: result.rules.some(({ outcome, keepable }) => outcome === 'refused' && keepable),
  };
}

function shortNameOf({ schema, name }: { schema: string; name: string }): string {
  return schema === 'public' ? name : `${schema}.${name}`;
}

function isComparison(result: unknown): result is Comparison {
  const { tables, stops, rules } = (result ?? {}) as Partial<Comparison>;
  return Array.isArray(tables) && Array.isArray(stops) && Array.isArray(rules);
}
