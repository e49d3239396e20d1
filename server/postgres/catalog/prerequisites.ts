import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';

/** A function that defaults, generated columns or domains call, with its definition. Same shape as in a manifest. */
export interface CalledFunction extends ObjectName {
  /** As PostgreSQL spells it in an expression under an empty `search_path`: `public.short_id`. */
  spelled: string;
  /** `CREATE OR REPLACE FUNCTION …`, without a semicolon. */
  definition: string;
  /** True when it refers to tables, which must be created before it. */
  afterTables: boolean;
}

/** Something that tables depend on and `schema/*.sql` cannot create. */
export interface Requirement {
  /** `operator`, `collation`, `aggregate`, … */
  kind: string;
  name: string;
}

export interface Prerequisites {
  /** In an order in which they can be created. */
  functions: CalledFunction[];
  extensions: (ObjectName & { trusted: boolean })[];
  required: Requirement[];
  /** Types that only functions refer to. */
  typeOids: number[];
}

/**
 * Reads the functions, extensions, operators and collations that the columns, defaults, generated columns and types of these tables use.
 * The catalog does not record calls made by a function's text. Every function counts whose name appears there, followed by a parenthesis.
 */
export async function readPrerequisites(session: Session, tableOids: number[]): Promise<Prerequisites> {
  const rows = await session.query<NeededRow>(NEEDED_SQL, [tableOids]);
  const own = rows.filter((row) => row.extension === null);
  const functions = own.filter((row) => row.kind === 'function' && row.definition !== null);
  return {
    functions: inOrder(functions).map(({ schema, name, spelled, definition, afterTables }) => ({
      schema,
      name,
      spelled,
      definition: definition ?? '',
      afterTables,
    })),
    extensions: [
      ...new Map(
        rows
          .filter((row) => row.extension !== null && row.extension !== EVERYWHERE)
          .map((row) => [
            row.extension,
            { schema: row.extensionSchema ?? 'public', name: row.extension ?? '', trusted: row.trusted },
          ]),
      ).values(),
    ],
    required: own
      .filter((row) => row.kind !== 'type' && row.definition === null)
      .map(({ kind, identity }) => ({ kind, name: identity })),
    typeOids: own.filter((row) => row.kind === 'type').map((row) => row.oid),
  };
}

interface NeededRow extends ObjectName {
  oid: number;
  kind: string;
  identity: string;
  spelled: string;
  definition: string | null;
  afterTables: boolean;
  calls: number[];
  extension: string | null;
  extensionSchema: string | null;
  trusted: boolean;
}

/** Puts each function after those it calls. The order within a cycle, which only calls by text can form, does not matter. */
function inOrder(functions: NeededRow[]): NeededRow[] {
  const byOid = new Map(functions.map((one) => [one.oid, one]));
  const ordered = new Set<NeededRow>();
  const visited = new Set<NeededRow>();
  const visit = (one: NeededRow) => {
    if (visited.has(one)) return;
    visited.add(one);
    for (const oid of one.calls) {
      const called = byOid.get(oid);
      if (called) visit(called);
    }
    ordered.add(one);
  };
  for (const one of functions) visit(one);
  return [...ordered];
}

/** The extension that every database has. */
const EVERYWHERE = 'plpgsql';

/** Returns SQL for the extension that an object belongs to. */
const EXTENSION_OF = (catalog: string, oid: string) => `
  SELECT d.refobjid FROM pg_catalog.pg_depend d
   WHERE d.classid = ${catalog} AND d.objid = ${oid} AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'`;

/** Catalogs whose dependencies are followed: everything an expression or a type can depend on. */
const FOLLOWED = ['pg_proc', 'pg_operator', 'pg_collation', 'pg_opclass', 'pg_type', 'pg_language']
  .map((name) => `'pg_catalog.${name}'::regclass`)
  .join(', ');

// Available extensions are files, which the server reads at each query. The cast of a regclass to oid keeps the recursion's column types
// the same in every version.
const NEEDED_SQL = `
  WITH RECURSIVE callable AS MATERIALIZED (
    SELECT p.oid, pg_catalog.regexp_replace(p.proname, '([^a-zA-Z0-9_])', '\\\\\\1', 'g') AS pattern
      FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
     WHERE n.nspname NOT IN ('pg_catalog', 'information_schema') AND p.prokind IN ('f', 'a', 'w')
       AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_proc b WHERE b.proname = p.proname AND b.pronamespace = 'pg_catalog'::regnamespace)
       AND p.proname NOT IN (SELECT word FROM pg_catalog.pg_get_keywords())),
  need(classid, objid) AS (
    SELECT 'pg_catalog.pg_attrdef'::regclass::oid, def.oid FROM pg_catalog.pg_attrdef def WHERE def.adrelid = ANY ($1::int8[]::oid[])
    UNION
    SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_depend d
     WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = ANY ($1::int8[]::oid[]) AND d.objsubid > 0
       AND d.refclassid IN ('pg_catalog.pg_type'::regclass, 'pg_catalog.pg_collation'::regclass)
    UNION
    SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = con.conindid
     WHERE con.conrelid = ANY ($1::int8[]::oid[]) AND con.contype IN ('p', 'u') AND d.refclassid = 'pg_catalog.pg_opclass'::regclass
    UNION
    SELECT next.classid, next.objid FROM need, LATERAL (
      SELECT d.refclassid AS classid, d.refobjid AS objid FROM pg_catalog.pg_depend d
       WHERE d.classid = need.classid AND d.objid = need.objid AND d.refclassid IN (${FOLLOWED})
         AND NOT (need.classid = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_proc'::regclass
                  AND EXISTS (SELECT 1 FROM pg_catalog.pg_type t WHERE t.oid = need.objid AND t.typtype = 'b' AND t.typelem = 0))
      UNION ALL
      SELECT 'pg_catalog.pg_constraint'::regclass::oid, con.oid FROM pg_catalog.pg_constraint con
       WHERE need.classid = 'pg_catalog.pg_type'::regclass AND con.contypid = need.objid
      UNION ALL
      SELECT d.refclassid, d.refobjid FROM pg_catalog.pg_type t JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = t.typrelid
       WHERE need.classid = 'pg_catalog.pg_type'::regclass AND t.oid = need.objid AND t.typtype = 'c' AND d.objsubid > 0
         AND d.refclassid IN ('pg_catalog.pg_type'::regclass, 'pg_catalog.pg_collation'::regclass)
      UNION ALL
      SELECT 'pg_catalog.pg_proc'::regclass::oid, callable.oid FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_language l ON l.oid = p.prolang, callable
       WHERE need.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = need.objid AND l.lanname NOT IN ('c', 'internal')
         AND p.prosrc ~ ('\\m' || callable.pattern || '"?\\s*\\(')) AS next
     WHERE NOT EXISTS (${EXTENSION_OF('need.classid', 'need.objid')})),
  available AS MATERIALIZED (SELECT v.name, v.version, v.trusted FROM pg_catalog.pg_available_extension_versions v),
  named AS (
    SELECT need.classid, need.objid, (${EXTENSION_OF('need.classid', 'need.objid')} LIMIT 1) AS extension,
           pg_catalog.pg_identify_object(need.classid, need.objid, 0) AS object
      FROM need WHERE need.classid IN (${FOLLOWED}))
  SELECT named.objid::int8::float8 AS oid, (named.object).type AS kind, (named.object).identity AS identity,
         COALESCE(pn.nspname, tn.nspname, '') AS schema, COALESCE(p.proname, t.typname, '') AS name,
         pg_catalog.quote_ident(pn.nspname) || '.' || pg_catalog.quote_ident(p.proname) AS spelled,
         CASE WHEN p.prokind = 'f' AND l.lanname NOT IN ('c', 'internal') AND (l.lanname = 'sql' OR l.lanpltrusted)
              THEN pg_catalog.pg_get_functiondef(p.oid) END AS definition,
         p.oid IS NOT NULL AND EXISTS (
           SELECT 1 FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_type dt ON d.refclassid = 'pg_catalog.pg_type'::regclass AND dt.oid = d.refobjid
             LEFT JOIN pg_catalog.pg_type el ON el.oid = dt.typelem
             JOIN pg_catalog.pg_class rel ON rel.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_class'::regclass THEN d.refobjid ELSE COALESCE(NULLIF(el.typrelid, 0), NULLIF(dt.typrelid, 0)) END
            WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND rel.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')) AS "afterTables",
         ARRAY(SELECT d.refobjid::int8::float8 FROM pg_catalog.pg_depend d
                WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.objid = p.oid AND d.refclassid = 'pg_catalog.pg_proc'::regclass) AS calls,
         e.extname AS extension, en.nspname AS "extensionSchema",
         CASE WHEN e.oid IS NULL OR e.extname = '${EVERYWHERE}' THEN false ELSE COALESCE((SELECT v.trusted FROM available v WHERE v.name = e.extname AND v.version = e.extversion), false) END AS trusted
    FROM named
    LEFT JOIN pg_catalog.pg_proc p ON named.classid = 'pg_catalog.pg_proc'::regclass AND p.oid = named.objid
    LEFT JOIN pg_catalog.pg_namespace pn ON pn.oid = p.pronamespace
    LEFT JOIN pg_catalog.pg_language l ON l.oid = p.prolang
    LEFT JOIN pg_catalog.pg_type t ON named.classid = 'pg_catalog.pg_type'::regclass AND t.oid = named.objid
    LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
    LEFT JOIN pg_catalog.pg_extension e ON e.oid = named.extension LEFT JOIN pg_catalog.pg_namespace en ON en.oid = e.extnamespace
   WHERE COALESCE(pn.nspname, tn.nspname, '') NOT IN ('pg_catalog', 'information_schema')
   ORDER BY kind, identity`;
