/**
 * Plain data about a table, read from a Drizzle schema or from a live catalog. SQL types are spelled as `format_type` spells them under
 * `search_path = ''`, so that two models can be compared as text (`character varying(40)`, `timestamp(3) without time zone`,
 * `public."AdminRole"`).
 */
export interface ObjectName {
  schema: string;
  name: string;
}

export interface ColumnModel {
  /** Name in the database. */
  name: string;
  /** Property name in the Drizzle schema; the database's name when there is none. */
  key: string;
  sqlType: string;
  notNull: boolean;
  /** SQL text of the default, null without one. Never executed by this program. */
  defaultSql: string | null;
  /** SQL text of a generated column's expression, null for an ordinary column. */
  generated: { expression: string; kind: 'stored' | 'virtual' } | null;
  identity: 'always' | 'by default' | null;
  /** Collation, when it differs from the type's own. A Drizzle schema does not state it. */
  collation?: ObjectName | null;
  /** True when the name is the property's, so that another casing would change it. Only read from a Drizzle schema. */
  namedByKey?: true;
}

export interface ForeignKeyModel {
  name: string;
  columns: string[];
  target: ObjectName;
  targetColumns: string[];
  onUpdate: ReferentialAction;
  onDelete: ReferentialAction;
}

export type ReferentialAction = 'no action' | 'restrict' | 'cascade' | 'set null' | 'set default';

export interface UniqueModel {
  name: string;
  columns: string[];
  /** The HRMS uses unique indexes, other schemas use constraints. */
  kind: 'constraint' | 'index';
  nullsNotDistinct: boolean;
}

export interface TableModel extends ObjectName {
  /** The BackupData key (`salaryStructures`), unique in a schema. */
  key: string;
  columns: ColumnModel[];
  primaryKey: { name: string; columns: string[] } | null;
  uniques: UniqueModel[];
  foreignKeys: ForeignKeyModel[];
}

export interface EnumModel extends ObjectName {
  labels: string[];
}

export interface SequenceModel extends ObjectName {
  /** The column whose default or identity draws from it, if any. */
  ownedBy: (ObjectName & { column: string }) | null;
}

export interface SchemaModel {
  tables: TableModel[];
  enums: EnumModel[];
  sequences: SequenceModel[];
  /** Declared tables that a filter of `drizzle.config.ts` excludes; absent when there are none. */
  filtered?: ObjectName[];
  /** SHA-256 (hex) over tables, columns, types, keys, foreign keys and enum labels, in a canonical order. */
  fingerprint: string;
}

/**
 * Returns the columns that hold data of their own, in the order of the chunks. A restore computes generated ones again.
 */
export function storedColumns<Column extends Pick<ColumnModel, 'generated'>>(table: { columns: Column[] }): Column[] {
  return table.columns.filter(({ generated }) => generated === null);
}

/** Returns `schema.name`, for messages and map keys; not SQL. */
export function qualifiedName(object: ObjectName): string {
  return `${object.schema}.${object.name}`;
}

/** Returns a map key that no other name has: `qualifiedName` gives `a.b` for a dot in either part. */
export function objectKey({ schema, name }: ObjectName): string {
  return JSON.stringify([schema, name]);
}

/** Returns a table's name for people and results, with its schema only where that adds something. */
export function shortName(object: ObjectName): string {
  return object.schema === 'public' ? object.name : qualifiedName(object);
}
