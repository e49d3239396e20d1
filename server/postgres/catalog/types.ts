import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';

/**
 * A type that a column needs and PostgreSQL does not bring itself. Same shape as in a manifest; the two folders do not import each other.
 */
export type LiveType =
  | (ObjectName & { kind: 'enum'; labels: string[] })
  | (ObjectName & {
      kind: 'domain';
      baseType: string;
      notNull: boolean;
      defaultSql: string | null;
      checks: { name: string; definition: string; validated: boolean }[];
      collation: ObjectName | null;
    })
  | (ObjectName & { kind: 'composite'; attributes: LiveAttribute[]; rowOf?: RelationKind })
  | (ObjectName & {
      kind: 'range';
      subtype: string;
      multirange: ObjectName | null;
      collation: ObjectName | null;
      opclass: ObjectName;
      canonical: string | null;
      subtypeDiff: string | null;
    })
  | (ObjectName & { kind: 'extension'; version: string; members: ObjectName[] });

interface LiveAttribute {
  name: string;
  sqlType: string;
  /** Null for the default collation of the type. */
  collation: ObjectName | null;
}

/** The kind of relation whose row type this is; a type made by CREATE TYPE has none. */
type RelationKind = 'table' | 'view' | 'foreign table';

/** A type made of functions; only somebody who has their code can create it. */
export interface LiveBaseType extends ObjectName {
  kind: 'base';
  input: string;
  output: string;
}

/** A user-made collation. */
export interface LiveCollation extends ObjectName {
  provider: string;
  deterministic: boolean;
  locale: string | null;
  ctype: string | null;
  rules: string | null;
}

/** The collation by which the database compares text that names none. */
export type DefaultCollation = Pick<LiveCollation, 'provider' | 'locale' | 'rules'>;

/** Everything the columns of some tables are made of that PostgreSQL does not bring itself. */
export interface LiveTypes {
  /** Each after the types it is made of. A type of an extension is given as that extension. */
  types: LiveType[];
  otherTypes: LiveBaseType[];
  collations: LiveCollation[];
  defaultCollation?: DefaultCollation;
}

/** Reads the types behind the columns of these tables, and others by oid, at any depth of nesting, with the collations they name. */
export async function readTypes(session: Session, tableOids: number[], others: number[] = []): Promise<LiveTypes> {
  const rows = inOrder(await session.query<TypeRow>(TYPES_SQL, [tableOids, others]));
  const types: LiveType[] = [];
  const otherTypes: LiveBaseType[] = [];
  const extensions = new Map<string, LiveType & { kind: 'extension' }>();
  for (const row of rows) {
    const name = { schema: row.schema, name: row.name };
    if (row.extension !== null) {
      const { name: extension, schema, version } = row.extension;
      const known = extensions.get(extension);
      if (known) known.members.push(name);
      else {
        const made = { kind: 'extension' as const, schema, name: extension, version, members: [name] };
        extensions.set(extension, made);
        types.push(made);
      }
    } else if (row.kind === 'b') otherTypes.push({ kind: 'base', ...name, input: row.input, output: row.output });
    else types.push(...describe(row, name));
  }
  const collations = await session.query<LiveCollation>(COLLATIONS_SQL, [tableOids, rows.map((row) => row.oid)]);
  const [defaultCollation] = await session.query<DefaultCollation>(DEFAULT_COLLATION_SQL);
  return { types, otherTypes: otherTypes.toSorted(byName), collations, ...(defaultCollation && { defaultCollation }) };
}

function describe(row: TypeRow, name: ObjectName): LiveType[] {
  switch (row.kind) {
    case 'e':
      return [{ kind: 'enum', ...name, labels: row.labels }];
    case 'd': {
      const { baseType, notNull, defaultSql, checks, collation } = row;
      return [{ kind: 'domain', ...name, baseType, notNull, defaultSql, checks, collation }];
    }
    case 'c':
      return [{ kind: 'composite', ...name, attributes: row.attributes, ...(row.relation && { rowOf: row.relation }) }];
    case 'r':
      return row.range === null ? [] : [{ kind: 'range', ...name, ...row.range }];
    default: // A multirange is described with its range.
      return [];
  }
}

/** Puts parts before the whole. It ends because types cannot be made of themselves. */
function inOrder(rows: TypeRow[]): TypeRow[] {
  const byOid = new Map(rows.map((row) => [row.oid, row]));
  const ordered = new Set<TypeRow>();
  const visit = (row: TypeRow): void => {
    if (ordered.has(row)) return;
    for (const part of row.parts) {
      const found = byOid.get(part);
      if (found && found !== row) visit(found);
    }
    ordered.add(row);
  };
  for (const row of rows.toSorted(byName)) visit(row);
  return [...ordered].filter((row) => !row.passing);
}

function byName(a: ObjectName, b: ObjectName): number {
  return qualifiedName(a) < qualifiedName(b) ? -1 : 1;
}

interface TypeRow extends ObjectName {
  oid: number;
  kind: string;
  parts: number[];
  /** True for an array, or a type of PostgreSQL's own: it leads to other types and is not listed itself. */
  passing: boolean;
  extension: (ObjectName & { version: string }) | null;
  labels: string[];
  baseType: string;
  notNull: boolean;
  defaultSql: string | null;
  checks: { name: string; definition: string; validated: boolean }[];
  collation: ObjectName | null;
  attributes: LiveAttribute[];
  relation: RelationKind | null;
  range: Pick<
    LiveType & { kind: 'range' },
    'subtype' | 'multirange' | 'collation' | 'opclass' | 'canonical' | 'subtypeDiff'
  > | null;
  input: string;
  output: string;
}

const TRUE_ARRAY = `(t.typtype = 'b' AND t.typelem <> 0 AND t.typsubscript = 'pg_catalog.array_subscript_handler'::pg_catalog.regproc)`;

/** SQL: the types directly inside the type `t`: elements, base, attributes, subtype, and the range of a multirange. */
export const TYPE_PARTS = `
  SELECT t.typelem AS oid WHERE ${TRUE_ARRAY}
  UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
  UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
  UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
  UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid`;

/** Returns SQL for a collation; NULL when it is the type's default. */
const collationOf = (collation: string, type: string) => `
  (SELECT json_build_object('schema', cn.nspname, 'name', co.collname)
     FROM pg_catalog.pg_collation co JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace, pg_catalog.pg_type ct
    WHERE co.oid = ${collation} AND ct.oid = ${type} AND co.oid <> ct.typcollation)`;

// OFFSET 0 looks up one type after the other: the server expects thousands of rows from a recursion and would read all types.
const TYPES_SQL = `
  WITH RECURSIVE used(oid) AS (
    SELECT a.atttypid FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT oid FROM unnest($2::int8[]::oid[]) AS other(oid)
    UNION
    SELECT part.oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid, LATERAL (${TYPE_PARTS}) AS part(oid))
  SELECT t.oid::int8::float8 AS oid, t.typtype AS kind, n.nspname AS schema, t.typname AS name,
         ARRAY(SELECT part.oid::int8::float8 FROM (${TYPE_PARTS}) AS part(oid)) AS parts,
         ${TRUE_ARRAY} OR ((n.nspname ~ '^pg_' OR n.nspname = 'information_schema') AND t.typtype <> 'c') AS passing,
         (SELECT json_build_object('schema', en.nspname, 'name', e.extname, 'version', e.extversion)
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid JOIN pg_catalog.pg_namespace en ON en.oid = e.extnamespace
           WHERE d.deptype = 'e' AND d.refclassid = 'pg_catalog.pg_extension'::regclass
             AND ((d.classid = 'pg_catalog.pg_type'::regclass AND d.objid IN (t.oid, r.rngtypid))
               OR (d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid)) LIMIT 1) AS extension,
         ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
         pg_catalog.format_type(t.typbasetype, t.typtypmod) AS "baseType", t.typnotnull AS "notNull",
         -- typdefault was spelled under whatever search_path there was when the domain was made
         COALESCE(pg_catalog.pg_get_expr(t.typdefaultbin, 0), t.typdefault) AS "defaultSql",
         COALESCE((SELECT json_agg(json_build_object('name', con.conname, 'definition', pg_catalog.pg_get_constraintdef(con.oid), 'validated', con.convalidated) ORDER BY con.conname)
            FROM pg_catalog.pg_constraint con WHERE con.contypid = t.oid AND con.contype = 'c'), '[]') AS checks,
         ${collationOf('t.typcollation', 't.typbasetype')} AS collation,
         COALESCE((SELECT json_agg(json_build_object('name', a.attname, 'sqlType', pg_catalog.format_type(a.atttypid, a.atttypmod),
                                                     'collation', ${collationOf('a.attcollation', 'a.atttypid')}) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS attributes,
         CASE c.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'table' WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'view' END AS relation,
         (SELECT json_build_object('subtype', pg_catalog.format_type(r.rngsubtype, NULL), 'collation', ${collationOf('r.rngcollation', 'r.rngsubtype')},
                   'multirange', (SELECT json_build_object('schema', mn.nspname, 'name', mt.typname) FROM pg_catalog.pg_type mt JOIN pg_catalog.pg_namespace mn ON mn.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid),
                   'opclass', (SELECT json_build_object('schema', opn.nspname, 'name', op.opcname) FROM pg_catalog.pg_opclass op JOIN pg_catalog.pg_namespace opn ON opn.oid = op.opcnamespace WHERE op.oid = r.rngsubopc),
                   'canonical', NULLIF(r.rngcanonical::text, '-'), 'subtypeDiff', NULLIF(r.rngsubdiff::text, '-'))
           WHERE r.rngtypid = t.oid) AS range,
         t.typinput::text AS input, t.typoutput::text AS output
    FROM used CROSS JOIN LATERAL (SELECT * FROM pg_catalog.pg_type WHERE pg_type.oid = used.oid OFFSET 0) AS t JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_range r ON t.oid IN (r.rngtypid, r.rngmultitypid)
    LEFT JOIN pg_catalog.pg_class c ON t.typtype = 'c' AND c.oid = t.typrelid AND c.relkind <> 'c'`;

// Column names for the locale changed with 15 and 17; to_jsonb lets one text serve every version.
const COLLATIONS_SQL = `
  SELECT n.nspname AS schema, c.collname AS name, c.collprovider AS provider, c.collisdeterministic AS deterministic,
         COALESCE(to_jsonb(c) ->> 'colllocale', to_jsonb(c) ->> 'colliculocale', c.collcollate::text) AS locale,
         CASE WHEN c.collprovider = 'c' THEN c.collctype::text END AS ctype, to_jsonb(c) ->> 'collicurules' AS rules
    FROM pg_catalog.pg_collation c JOIN pg_catalog.pg_namespace n ON n.oid = c.collnamespace
   WHERE n.nspname <> 'pg_catalog' AND c.oid IN (
     SELECT a.attcollation FROM pg_catalog.pg_attribute a
      WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
     UNION SELECT a.attcollation FROM pg_catalog.pg_type t JOIN pg_catalog.pg_attribute a ON a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
      WHERE t.oid = ANY ($2::int8[]::oid[]) AND t.typrelid <> 0
     UNION SELECT t.typcollation FROM pg_catalog.pg_type t WHERE t.oid = ANY ($2::int8[]::oid[])
     UNION SELECT r.rngcollation FROM pg_catalog.pg_range r WHERE r.rngtypid = ANY ($2::int8[]::oid[]))
   ORDER BY 1, 2`;

const DEFAULT_COLLATION_SQL = `
  SELECT COALESCE(to_jsonb(d) ->> 'datlocprovider', 'c') AS provider,
         COALESCE(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', d.datcollate::text) AS locale,
         to_jsonb(d) ->> 'daticurules' AS rules
    FROM pg_catalog.pg_database d WHERE d.datname = pg_catalog.current_database()`;
