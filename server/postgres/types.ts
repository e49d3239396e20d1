import type { Session } from '../../db/connect.ts';
import type { ObjectName } from '../../db/model.ts';

/** A type a column needs that PostgreSQL does not bring itself. Same shape as in a manifest; the two folders are strangers. */
export type LiveType =
  | (ObjectName & { kind: 'enum'; labels: string[] })
  | (ObjectName & {
      kind: 'domain';
      baseType: string;
      notNull: boolean;
      defaultSql: string | null;
      checks: { name: string; definition: string }[];
    })
  | (ObjectName & { kind: 'composite'; attributes: { name: string; sqlType: string }[] })
  | (ObjectName & { kind: 'range'; subtype: string; multirange: ObjectName | null })
  | (ObjectName & { kind: 'extension' });

/** The user-made types behind the columns of these tables, each after the types it is made of. A type of an extension is given as that extension. */
export async function readTypes(session: Session, tableOids: number[]): Promise<LiveType[]> {
  const rows = await session.query<TypeRow>(TYPES_SQL, [tableOids]);
  const types: LiveType[] = [];
  const extensions = new Set<string>();
  for (const { depth: _, kind, schema, name, extension, ...facts } of rows) {
    if (extension !== null) {
      if (!extensions.has(extension)) types.push({ kind: 'extension', schema, name: extension });
      extensions.add(extension);
    } else if (kind === 'e') types.push({ kind: 'enum', schema, name, labels: facts.labels });
    else if (kind === 'd')
      types.push({
        kind: 'domain',
        schema,
        name,
        baseType: facts.baseType,
        notNull: facts.notNull,
        defaultSql: facts.defaultSql,
        checks: facts.checks,
      });
    else if (kind === 'c') types.push({ kind: 'composite', schema, name, attributes: facts.attributes });
    else if (kind === 'r')
      types.push({
        kind: 'range',
        schema,
        name,
        subtype: facts.subtype,
        multirange: facts.multirangeName
          ? { schema: facts.multirangeSchema ?? schema, name: facts.multirangeName }
          : null,
      });
  }
  return types;
}

interface TypeRow extends ObjectName {
  depth: number;
  kind: string;
  extension: string | null;
  labels: string[];
  baseType: string;
  notNull: boolean;
  defaultSql: string | null;
  checks: { name: string; definition: string }[];
  attributes: { name: string; sqlType: string }[];
  subtype: string;
  multirangeSchema: string | null;
  multirangeName: string | null;
}

const TYPES_SQL = `
  WITH RECURSIVE used(oid, depth) AS (
    SELECT DISTINCT a.atttypid, 0 FROM pg_catalog.pg_attribute a
     WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid, used.depth + 1 FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid,
      LATERAL (SELECT t.typelem WHERE t.typelem <> 0 AND t.typcategory = 'A'
               UNION ALL SELECT t.typbasetype WHERE t.typtype = 'd'
               UNION ALL SELECT a.atttypid FROM pg_catalog.pg_attribute a WHERE t.typtype = 'c' AND a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped
               UNION ALL SELECT r.rngsubtype FROM pg_catalog.pg_range r WHERE r.rngtypid = t.oid
               UNION ALL SELECT r.rngtypid FROM pg_catalog.pg_range r WHERE r.rngmultitypid = t.oid) AS part(oid)
     WHERE used.depth < 20)
  SELECT max(used.depth) AS depth, t.typtype AS kind, n.nspname AS schema, t.typname AS name,
         (SELECT e.extname FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
           WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e') AS extension,
         ARRAY(SELECT l.enumlabel::text FROM pg_catalog.pg_enum l WHERE l.enumtypid = t.oid ORDER BY l.enumsortorder) AS labels,
         pg_catalog.format_type(t.typbasetype, t.typtypmod) AS "baseType", t.typnotnull AS "notNull", t.typdefault AS "defaultSql",
         COALESCE((SELECT json_agg(json_build_object('name', con.conname, 'definition', pg_catalog.pg_get_constraintdef(con.oid)) ORDER BY con.conname)
            FROM pg_catalog.pg_constraint con WHERE con.contypid = t.oid AND con.contype = 'c'), '[]') AS checks,
         COALESCE((SELECT json_agg(json_build_object('name', a.attname, 'sqlType', pg_catalog.format_type(a.atttypid, a.atttypmod)) ORDER BY a.attnum)
            FROM pg_catalog.pg_attribute a WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped), '[]') AS attributes,
         COALESCE(pg_catalog.format_type(r.rngsubtype, NULL), '') AS subtype, mn.nspname AS "multirangeSchema", mt.typname AS "multirangeName"
    FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_range r ON r.rngtypid = t.oid
    LEFT JOIN pg_catalog.pg_type mt ON mt.oid = r.rngmultitypid LEFT JOIN pg_catalog.pg_namespace mn ON mn.oid = mt.typnamespace
   WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND t.typtype IN ('e', 'd', 'c', 'r', 'b') AND NOT (t.typtype = 'b' AND t.typcategory = 'A')
   GROUP BY t.oid, t.typtype, n.nspname, t.typname, t.typbasetype, t.typtypmod, t.typnotnull, t.typdefault, t.typrelid, r.rngsubtype, mn.nspname, mt.typname
   ORDER BY 1 DESC, 3, 4`;
