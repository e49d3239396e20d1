import type { Session } from '../../../db/connect/session.ts';
import type {
  ColumnModel,
  ForeignKeyModel,
  ObjectName,
  ReferentialAction,
  TableModel,
  UniqueModel,
} from '../../../db/model/model.ts';

/** A table as the database has it now, under the locks and the snapshot of the session that read it. */
export interface LiveTable extends TableModel {
  oid: number;
  /** True for a partitioned table, which holds no rows itself; its leaves do. */
  partitioned: boolean;
  /** True when the role may alter the table: it owns it, or is a member of the owner. */
  owned: boolean;
  owner: string;
  /** The extension it belongs to, if any. */
  extension: string | null;
  leaves: LiveLeaf[];
}

/** A relation that holds rows: the table itself, or one partition of it. */
export interface LiveLeaf extends ObjectName {
  oid: number;
  /** True when its rows live on another server: never read, written or emptied. */
  foreign: boolean;
  /** Bytes of the main fork, read after the snapshot; 0 for foreign partitions. */
  bytes: number;
  /** True when stored as a heap, whose blocks can be addressed by ctid. */
  heap: boolean;
}

/** Reads the named tables in the order given; those that do not exist are missing from the result. */
export async function readTables(
  session: Session,
  names: ObjectName[],
  keys: ReadonlyMap<string, TableModel>,
): Promise<LiveTable[]> {
  const heads = await session.query<TableHead>(TABLES_SQL, [
    names.map((name) => name.schema),
    names.map((name) => name.name),
  ]);
  const oids = heads.map((head) => head.oid);
  const [columns, constraints, uniqueIndexes, leaves] = [
    await session.query<ColumnRow>(COLUMNS_SQL, [oids]),
    await session.query<ConstraintRow>(CONSTRAINTS_SQL, [oids]),
    await session.query<UniqueIndexRow>(UNIQUE_INDEXES_SQL, [oids]),
    await session.query<LiveLeaf & { root: number }>(LEAVES_SQL, [oids]),
  ];
  return heads.map((head) => {
    const model = keys.get(`${head.schema}.${head.name}`);
    const own = constraints.filter((constraint) => constraint.table === head.oid);
    const primary = own.find((constraint) => constraint.type === 'p');
    return {
      ...head,
      key: model?.key ?? head.name,
      columns: columns
        .filter((column) => column.table === head.oid)
        .map(({ table: _, ...column }) => toColumn(column, model)),
      primaryKey: primary ? { name: primary.name, columns: primary.columns } : null,
      uniques: [
        ...own
          .filter((constraint) => constraint.type === 'u')
          .map(
            (unique): UniqueModel => ({
              name: unique.name,
              columns: unique.columns,
              kind: 'constraint',
              nullsNotDistinct: unique.nullsNotDistinct,
            }),
          ),
        ...uniqueIndexes
          .filter((index) => index.table === head.oid)
          .map(
            (index): UniqueModel => ({
              name: index.name,
              columns: index.columns,
              kind: 'index',
              nullsNotDistinct: index.nullsNotDistinct,
            }),
          ),
      ],
      foreignKeys: own.filter((constraint) => constraint.type === 'f').map(toForeignKey),
      leaves: leaves.filter((leaf) => leaf.root === head.oid).map(({ root: _, ...leaf }) => leaf),
    };
  });
}

function toColumn(row: Omit<ColumnRow, 'table'>, model: TableModel | undefined): ColumnModel {
  const { generatedKind, expression, identity, collation, ...column } = row;
  return {
    ...column,
    key: model?.columns.find((known) => known.name === row.name)?.key ?? row.name,
    defaultSql: generatedKind ? null : expression,
    generated: generatedKind && expression !== null ? { expression, kind: generatedKind } : null,
    identity,
    ...(collation && { collation }),
  };
}

function toForeignKey(row: ConstraintRow): ForeignKeyModel {
  return {
    name: row.name,
    columns: row.columns,
    target: { schema: row.targetSchema, name: row.targetName },
    targetColumns: row.targetColumns,
    onUpdate: row.onUpdate,
    onDelete: row.onDelete,
  };
}

type TableHead = Omit<LiveTable, 'key' | 'columns' | 'primaryKey' | 'uniques' | 'foreignKeys' | 'leaves'>;
type ColumnRow = Pick<ColumnModel, 'name' | 'sqlType' | 'notNull' | 'identity'> & {
  collation: ObjectName | null;
  table: number;
  expression: string | null;
  generatedKind: 'stored' | 'virtual' | null;
};
interface ConstraintRow {
  table: number;
  name: string;
  type: 'p' | 'u' | 'f';
  columns: string[];
  nullsNotDistinct: boolean;
  targetSchema: string;
  targetName: string;
  targetColumns: string[];
  onUpdate: ReferentialAction;
  onDelete: ReferentialAction;
}
interface UniqueIndexRow {
  table: number;
  name: string;
  columns: string[];
  nullsNotDistinct: boolean;
}

// Oids are unsigned; float8 holds them exactly, and the driver returns it as a number.
const TABLES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid, c.relkind = 'p' AS partitioned,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
         NULL::text AS extension
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS wanted(schema, name, place)
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema
    JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind IN ('r', 'p')
   ORDER BY wanted.place`;

const COLUMNS_SQL = `
  SELECT a.attrelid::int8::float8 AS "table", a.attname AS name, pg_catalog.format_type(a.atttypid, a.atttypmod) AS "sqlType",
         a.attnotnull AS "notNull", pg_catalog.pg_get_expr(d.adbin, d.adrelid) AS expression,
         CASE a.attgenerated WHEN 's' THEN 'stored' WHEN 'v' THEN 'virtual' END AS "generatedKind",
         CASE a.attidentity WHEN 'a' THEN 'always' WHEN 'd' THEN 'by default' END AS identity,
         (SELECT json_build_object('schema', n.nspname, 'name', co.collname)
            FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace n ON n.oid = co.collnamespace, pg_catalog.pg_type t
           WHERE co.oid = a.attcollation AND t.oid = a.atttypid AND co.oid <> t.typcollation) AS collation
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attrelid, a.attnum`;

const names = (relation: string, numbers: string) => `
  ARRAY(SELECT a.attname::text FROM unnest(${numbers}) WITH ORDINALITY AS k(attnum, place)
          JOIN pg_catalog.pg_attribute a ON a.attrelid = ${relation} AND a.attnum = k.attnum ORDER BY k.place)`;

const ACTION = (column: string) =>
  `CASE ${column} WHEN 'a' THEN 'no action' WHEN 'r' THEN 'restrict' WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default' END`;

// indnullsnotdistinct came with 15; to_jsonb lets one text serve every version.
const CONSTRAINTS_SQL = `
  SELECT con.conrelid::int8::float8 AS "table", con.conname AS name, con.contype AS type, ${names('con.conrelid', 'con.conkey')} AS columns,
         COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS "nullsNotDistinct",
         COALESCE(tn.nspname, '') AS "targetSchema", COALESCE(tc.relname, '') AS "targetName", ${names('con.confrelid', 'con.confkey')} AS "targetColumns",
         ${ACTION('con.confupdtype')} AS "onUpdate", ${ACTION('con.confdeltype')} AS "onDelete"
    FROM pg_catalog.pg_constraint con
    LEFT JOIN pg_catalog.pg_index i ON i.indexrelid = con.conindid AND con.contype IN ('p', 'u')
    LEFT JOIN pg_catalog.pg_class tc ON tc.oid = con.confrelid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = tc.relnamespace
   WHERE con.conrelid = ANY ($1::int8[]::oid[]) AND con.contype IN ('p', 'u', 'f') AND con.conparentid = 0
   ORDER BY con.conrelid, con.conname`;

const UNIQUE_INDEXES_SQL = `
  SELECT i.indrelid::int8::float8 AS "table", c.relname AS name, ${names('i.indrelid', 'i.indkey::int2[]')} AS columns,
         COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS "nullsNotDistinct"
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE i.indrelid = ANY ($1::int8[]::oid[]) AND i.indisunique AND i.indpred IS NULL AND i.indexprs IS NULL AND i.indnkeyatts = i.indnatts
     AND i.indisvalid AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint con WHERE con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x'))
   ORDER BY i.indrelid, c.relname`;

const LEAVES_SQL = `
  WITH RECURSIVE tree(root, oid) AS (
    SELECT oid, oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
    UNION ALL
    SELECT tree.root, c.oid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)
  SELECT tree.root::int8::float8 AS root, n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid, c.relkind = 'f' AS foreign,
         CASE WHEN c.relkind = 'r' THEN pg_catalog.pg_relation_size(c.oid)::float8 ELSE 0 END AS bytes,
         c.relkind = 'r' AND am.amname = 'heap' AS heap
    FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_am am ON am.oid = c.relam
   WHERE c.relkind <> 'p'
   ORDER BY n.nspname, c.relname`;
