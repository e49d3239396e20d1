import { type ObjectName, qualifiedName, storedColumns } from '../../../db/model/model.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';
import { type Equality, equalityOf } from './equality.ts';
import { createKeyStream, type KeyStream } from './key-records.ts';

/** A column of a key: its position in a row of a chunk, and the equality of its values. */
export interface KeyColumn {
  position: number;
  equality: Equality;
}

/** Keys that are gathered from every row of a table. */
export interface Gathered {
  columns: KeyColumn[];
  /** Treatment of a row with NULL in the key. `skip`: it breaks nothing; `keep`: NULL is a value; `broken`: it breaks the rule. */
  nulls: 'skip' | 'keep' | 'broken';
  /** With `broken`: rows in which every column is NULL break nothing. */
  allNullPasses: boolean;
  stream: KeyStream;
}

export interface PlannedRule {
  table: ManifestTable;
  rule: string;
  kind: 'primary key' | 'unique' | 'foreign key';
  /** True for a NOT VALID rule, which older rows may break. Null where the archive does not say. */
  notValid: boolean | null;
  own: Gathered;
  /** The keys that a foreign key refers to; null for other rules. */
  target: { table: ManifestTable; keys: Gathered } | null;
}

export interface Unchecked {
  /** `schema.name`. */
  table: string;
  rule: string;
  reason: string;
}

export interface RulePlan {
  rules: PlannedRule[];
  unchecked: Unchecked[];
  /** Keys to gather, by table; tables with nothing to gather are missing. */
  gathered: Map<ManifestTable, Gathered[]>;
}

/** Limits of a part, whose keys are all in memory while it is checked. */
const KEYS_OF_A_PART = 100_000;
const BYTES_OF_A_PART = 32 * 1024 * 1024;
const MOST_PARTS = 1024;

/** Decides which keys and foreign keys of an archive can be checked by its rows alone, and gives a reason for each of the others. */
export function planRules(manifest: Manifest): RulePlan {
  const plan: RulePlan = { rules: [], unchecked: [], gathered: new Map() };
  const take = (table: ManifestTable, rule: string, made: Made | string) => {
    if (typeof made === 'string') plan.unchecked.push({ table: qualifiedName(table), rule, reason: made });
    else plan.rules.push({ ...made, table, rule });
  };
  for (const table of manifest.tables) {
    for (const key of keysOf(table)) take(table, key.name, planKey(plan, manifest, table, key));
    for (const { name, type } of table.rules ?? [])
      if (type === 'x') take(table, name, 'an exclusion constraint needs operators of the database');
  }
  // Planned after all keys, because the keys that a foreign key refers to are usually gathered already.
  for (const table of manifest.tables)
    for (const foreignKey of table.links)
      take(table, foreignKey.name, planForeignKey(plan, manifest, table, foreignKey));
  return plan;
}

type Made = Omit<PlannedRule, 'table' | 'rule'>;
type Key = ManifestTable['uniques'][number] | (NonNullable<ManifestTable['primaryKey']> & { kind: 'primary key' });
type ForeignKey = ManifestTable['links'][number];

function keysOf(table: ManifestTable): Key[] {
  return [...(table.primaryKey ? [{ ...table.primaryKey, kind: 'primary key' as const }] : []), ...table.uniques];
}

function planKey(plan: RulePlan, manifest: Manifest, table: ManifestTable, key: Key): Made | string {
  if (wordsOf(table, key.name).includes('WITHOUT OVERLAPS')) return 'it is about overlapping ranges';
  const columns = keyColumns(manifest, table, key.columns);
  if (typeof columns === 'string') return columns;
  const nulls = key.kind === 'primary key' ? 'broken' : key.nullsNotDistinct ? 'keep' : 'skip';
  const own = gather(plan, table, { columns, nulls, parts: partsOf(table) });
  return { kind: key.kind === 'primary key' ? key.kind : 'unique', notValid: false, own, target: null };
}

function planForeignKey(
  plan: RulePlan,
  manifest: Manifest,
  table: ManifestTable,
  foreignKey: ForeignKey,
): Made | string {
  const words = wordsOf(table, foreignKey.name);
  if (words.includes('PERIOD ')) return 'it is about ranges that contain one another';
  const target = manifest.tables.find(
    ({ schema, name }) => schema === foreignKey.target.schema && name === foreignKey.target.name,
  );
  if (!target) return `${qualifiedName(foreignKey.target)} ${whyMissing(manifest, foreignKey.target)}`;
  const own = keyColumns(manifest, table, foreignKey.columns);
  if (typeof own === 'string') return own;
  const theirs = keyColumns(manifest, target, foreignKey.targetColumns);
  if (typeof theirs === 'string') return theirs;
  const differs = own.findIndex(({ equality }, position) => equality.family !== theirs[position]?.equality.family);
  if (own.length !== theirs.length || differs !== -1)
    return `columns of different types are compared: ${foreignKey.columns[differs] ?? ''}`;
  const parts = partsOf(target);
  const full = words.includes(') MATCH FULL');
  return {
    kind: 'foreign key',
    notValid: table.rules ? table.rules.some(({ name, validated }) => name === foreignKey.name && !validated) : null,
    own: gather(plan, table, { columns: own, nulls: full ? 'broken' : 'skip', allNullPasses: full, parts }),
    target: { table: target, keys: gather(plan, target, { columns: theirs, nulls: 'none', parts }) },
  };
}

function whyMissing(manifest: Manifest, { schema, name }: ObjectName): string {
  const described = manifest.withoutRows?.some((table) => table.schema === schema && table.name === name);
  return described ? 'is in the archive without its rows' : 'is not in the archive';
}

function keyColumns(manifest: Manifest, table: ManifestTable, names: string[]): KeyColumn[] | string {
  // Generated columns are not in the chunks.
  const stored = storedColumns(table);
  const found: KeyColumn[] = [];
  for (const name of names) {
    const column = table.columns.find((one) => one.name === name);
    const where = `${qualifiedName(table)}.${name}`;
    if (!column) return `${where} is not among the columns of the archive`;
    if (column.generated) return `${where} is computed, and not stored`;
    const equality = equalityOf(column, manifest);
    if (!equality)
      return `${where} is of the type ${column.sqlType}${collationOf(column)}, whose values are compared by the database`;
    found.push({ position: stored.indexOf(column), equality });
  }
  return found;
}

function collationOf({ collation }: ManifestTable['columns'][number]): string {
  return collation ? ` COLLATE ${qualifiedName(collation)}` : '';
}

/** Returns the gathered keys, reusing those of the same table and columns. `none` accepts any that include the keys without NULL. */
function gather(
  plan: RulePlan,
  table: ManifestTable,
  wanted: {
    columns: KeyColumn[];
    nulls: Gathered['nulls'] | 'none';
    allNullPasses?: boolean;
    parts: number;
  },
): Gathered {
  const { columns, nulls, allNullPasses = false, parts } = wanted;
  const known = plan.gathered.get(table) ?? [];
  const same = known.find(
    (one) =>
      (nulls === 'none' ? one.nulls !== 'keep' : one.nulls === nulls && one.allNullPasses === allNullPasses) &&
      one.stream.parts.length === parts &&
      one.columns.length === columns.length &&
      one.columns.every(({ position }, index) => position === columns[index]?.position),
  );
  if (same) return same;
  const made: Gathered = {
    columns,
    nulls: nulls === 'none' ? 'skip' : nulls,
    allNullPasses,
    stream: createKeyStream(parts),
  };
  plan.gathered.set(table, [...known, made]);
  return made;
}

function partsOf({ rows, bytes }: ManifestTable): number {
  return Math.min(MOST_PARTS, Math.max(1, Math.ceil(rows / KEYS_OF_A_PART), Math.ceil(bytes / BYTES_OF_A_PART)));
}

/** Returns the definition of a rule with quoted names emptied; only PostgreSQL's own words remain. */
function wordsOf(table: ManifestTable, rule: string): string {
  const definition = table.rules?.find(({ name }) => name === rule)?.definition ?? '';
  return definition.replaceAll(/"(?:[^"]|"")*"/g, '""');
}
