/**
 * What the program knows of a table, whether read from a Drizzle schema or from a live catalog: plain data, no classes.
 * SQL types are spelled as PostgreSQL's `format_type` spells them under `search_path = ''`
 * (`character varying(40)`, `timestamp(3) without time zone`, `public."AdminRole"`), so that two models can be compared as text.
 */
export interface ObjectName {
  schema: string;
  name: string;
}

export interface ColumnModel {
  /** The name in the database. */
  name: string;
  /** The property name in the Drizzle schema; the database name when there is none. */
  key: string;
  sqlType: string;
  notNull: boolean;
  /** SQL text of the default, null without one. Never executed by this program. */
  defaultSql: string | null;
  /** SQL text of a generated column's expression, null for an ordinary column. */
  generated: { expression: string; kind: 'stored' | 'virtual' } | null;
  identity: 'always' | 'by default' | null;
  /** When it is not the one the type brings; a Drizzle schema does not say. */
  collation?: ObjectName | null;
  /** The name is the property's, so that another casing would give another one. Only read from a Drizzle schema. */
  namedByKey?: true;
}

export interface LinkModel {
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
  /** HRMS uniqueness is by unique indexes, other schemas use constraints. */
  kind: 'constraint' | 'index';
  nullsNotDistinct: boolean;
}

export interface TableModel extends ObjectName {
  /** The BackupData key (`salaryStructures`), unique in a schema. */
  key: string;
  columns: ColumnModel[];
  primaryKey: { name: string; columns: string[] } | null;
  uniques: UniqueModel[];
  links: LinkModel[];
}

export interface EnumModel extends ObjectName {
  labels: string[];
}

export interface SequenceModel extends ObjectName {
  /** The column whose default or identity draws from it, when one does. */
  ownedBy: (ObjectName & { column: string }) | null;
}

export interface SchemaModel {
  tables: TableModel[];
  enums: EnumModel[];
  sequences: SequenceModel[];
  /** Tables that are declared, and that a filter of `drizzle.config.ts` leaves out; none when absent. */
  filtered?: ObjectName[];
  /** SHA-256 (hex) over tables, columns, types, keys, links and enum labels, in a canonical order. */
  fingerprint: string;
}

/** `schema.name`, for messages and map keys; not SQL. */
export function qualifiedName(object: ObjectName): string {
  return `${object.schema}.${object.name}`;
}

/** A table's name for people and results: the schema only when it says something. */
export function shortName(object: ObjectName): string {
  return object.schema === 'public' ? object.name : qualifiedName(object);
}
