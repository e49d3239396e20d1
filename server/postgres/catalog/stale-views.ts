import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import { TREE } from './shape.ts';

/** A materialised view, as far as refreshing it is concerned. */
interface MaterialisedView extends ObjectName {
  oid: number;
  populated: boolean;
  owned: boolean;
  owner: string;
}

/** A dependency of a relation's or function's result on another one. A letter before the oid tells relations and functions apart. */
interface Reading {
  reader: string;
  source: string;
}

/**
 * Names the materialised views that still show what these tables held before, with REFRESH statements in a working order; null when there
 * are none. Follows views, materialised views, partitions, inheritance children, and functions whose body the catalog knows. Reads no
 * definition.
 */
export async function describeStaleViews(session: Session, tableOids: number[]): Promise<string | null> {
  const views = await session.query<MaterialisedView>(MATERIALISED_SQL);
  if (!views.some(({ populated }) => populated)) return null;
  const restored = await session.query<{ oid: number }>(RESTORED_SQL, [tableOids]);
  const stale = staleViews(
    views,
    await session.query<Reading>(READINGS_SQL),
    restored.map(({ oid }) => oid),
  );
  if (stale.length === 0) return null;
  const others = [...new Set(stale.filter(({ owned }) => !owned).map(({ owner }) => owner))];
  const who = others.length > 0 ? `, those of others as their owners (${others.join(', ')})` : '';
  const [which, them] =
    stale.length === 1 ? ['The materialised view', 'it is'] : ['The materialised views', 'they are'];
  return `${which} ${stale.map(qualifiedName).join(', ')} may show what restored tables held before until ${them} made anew${stale.length === 1 ? '' : ', in this order'}${who}: ${stale
    .map((view) => `REFRESH MATERIALIZED VIEW ${quoteName(view)};`)
    .join(' ')}`;
}

/**
 * Returns the views that depend on the restored relations, each after the ones it reads. An unpopulated view is not stale, but must be
 * filled where a stale one reads it.
 */
function staleViews(views: MaterialisedView[], readings: Reading[], restored: number[]): MaterialisedView[] {
  const readers = Map.groupBy(readings, ({ source }) => source);
  const sources = Map.groupBy(readings, ({ reader }) => reader);
  const behind = reachable(
    restored.map((oid) => `c${oid}`),
    (node) => (readers.get(node) ?? []).map(({ reader }) => reader),
  );
  const byNode = new Map(views.map((view) => [`c${view.oid}`, view]));
  const ordered = new Set<MaterialisedView>();
  const visited = new Set<string>();
  const visit = (node: string): void => {
    const view = byNode.get(node);
    // A populated view that depends on no restored table needs no refresh.
    if (visited.has(node) || (view?.populated && !behind.has(node))) return;
    visited.add(node);
    for (const { source } of sources.get(node) ?? []) visit(source);
    if (view) ordered.add(view);
  };
  for (const view of views) if (view.populated) visit(`c${view.oid}`);
  return [...ordered];
}

function reachable(from: string[], next: (node: string) => string[]): Set<string> {
  const met = new Set(from);
  for (const node of met) for (const one of next(node)) met.add(one);
  return met;
}

const MATERIALISED_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid, c.relispopulated AS populated,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.pg_get_userbyid(c.relowner) AS owner
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'm' ORDER BY 1, 2`;

const RESTORED_SQL = `
  WITH RECURSIVE ${TREE}
  SELECT oid::int8::float8 AS oid FROM tree`;

// The server's own views read its catalogs alone. A rule of a table writes; the rules of views are what they read.
const READINGS_SQL = `
  SELECT DISTINCT 'c' || v.oid AS reader, CASE d.refclassid WHEN 'pg_catalog.pg_class'::regclass THEN 'c' ELSE 'f' END || d.refobjid AS source
    FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_class v ON v.oid = r.ev_class AND v.relkind IN ('v', 'm') AND v.oid >= 16384
    JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
   WHERE d.refclassid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass) AND NOT (d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = v.oid)
     AND r.rulename = '_RETURN'
  UNION
  SELECT DISTINCT 'f' || d.objid, CASE d.refclassid WHEN 'pg_catalog.pg_class'::regclass THEN 'c' ELSE 'f' END || d.refobjid
    FROM pg_catalog.pg_depend d
   WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.refclassid IN ('pg_catalog.pg_class'::regclass, 'pg_catalog.pg_proc'::regclass)
  UNION
  SELECT 'c' || i.inhparent, 'c' || i.inhrelid FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relkind IN ('r', 'p', 'f')`;
