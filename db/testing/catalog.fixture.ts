import { onConnection } from './client.fixture.ts';

/** Catalog entries by kind of object, one line for each object. */
export type CatalogDump = Record<string, string[]>;

/**
 * Returns all the catalog says of user objects, read as the superuser and written without object ids. Shares no line with the code under
 * test on purpose. Omits our own schemas.
 */
export async function catalogOf(database: { adminUrl: string }): Promise<CatalogDump> {
  return await onConnection(database.adminUrl, async (client) => {
    await client.query(`SET search_path = ''`);
    const dump: CatalogDump = {};
    for (const [kind, sql] of Object.entries(QUERIES)) {
      const found = await client.query<{ line: Record<string, unknown> }>(
        `SELECT to_jsonb(facts) AS line FROM (${sql}) AS facts`,
      );
      dump[kind] = found.rows.map(({ line }) => JSON.stringify(line)).sort();
    }
    return dump;
  });
}

const OURS = `IN (SELECT oid FROM pg_namespace WHERE nspname !~ '^(pg_|restore_)' AND nspname NOT IN ('information_schema', 'backup_system', 'backup_queue'))`;
const RELATIONS = `IN (SELECT oid FROM pg_class WHERE relnamespace ${OURS})`;
const sorted = (acl: string) => `(SELECT array_agg(a::text ORDER BY a::text) FROM unnest(${acl}) AS a)`;

const QUERIES = {
  schemas: `SELECT nspname, nspowner::regrole::text, ${sorted('nspacl')} AS acl, obj_description(oid, 'pg_namespace') AS comment FROM pg_namespace WHERE oid ${OURS}`,
  relations: `
    SELECT c.oid::regclass::text AS relation, c.relkind, c.relpersistence, c.relowner::regrole::text AS owner, ${sorted('c.relacl')} AS acl, c.reloptions, c.relrowsecurity,
           c.relforcerowsecurity, c.relreplident, c.relispartition, pg_get_expr(c.relpartbound, c.oid) AS bound, c.reltablespace, am.amname, c.relchecks,
           pg_get_partkeydef(c.oid) AS partition_key, obj_description(c.oid, 'pg_class') AS comment, toast.reloptions AS toast_options
      FROM pg_class c LEFT JOIN pg_am am ON am.oid = c.relam LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
     WHERE c.relnamespace ${OURS}`,
  columns: `
    SELECT a.attrelid::regclass::text AS relation, a.attnum, a.attname, format_type(a.atttypid, a.atttypmod) AS type, a.attnotnull, a.attidentity, a.attgenerated,
           a.attstorage, a.attcompression, a.attstattarget, a.attoptions, ${sorted('a.attacl')} AS acl, a.attcollation::regcollation::text AS collation, a.attislocal,
           a.attinhcount, pg_get_expr(d.adbin, d.adrelid) AS expression, col_description(a.attrelid, a.attnum) AS comment
      FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
     WHERE a.attrelid ${RELATIONS} AND a.attnum > 0 AND NOT a.attisdropped`,
  triggers: `
    SELECT t.tgrelid::regclass::text AS relation, t.tgname, t.tgenabled, pg_get_triggerdef(t.oid) AS definition, obj_description(t.oid, 'pg_trigger') AS comment,
           (SELECT p.tgrelid::regclass::text FROM pg_trigger p WHERE p.oid = t.tgparentid) AS parent
      FROM pg_trigger t WHERE t.tgrelid ${RELATIONS} AND NOT t.tgisinternal`,
  internalTriggers: `
    SELECT t.tgrelid::regclass::text AS relation, con.conname, t.tgfoid::regproc::text AS function, t.tgenabled, t.tgtype, t.tgdeferrable, t.tginitdeferred
      FROM pg_trigger t JOIN pg_constraint con ON con.oid = t.tgconstraint WHERE t.tgrelid ${RELATIONS} AND t.tgisinternal`,
  rules: `
    SELECT r.ev_class::regclass::text AS relation, r.rulename, r.ev_enabled, pg_get_ruledef(r.oid) AS definition, obj_description(r.oid, 'pg_rewrite') AS comment
      FROM pg_rewrite r WHERE r.ev_class ${RELATIONS}`,
  constraints: `
    SELECT con.conrelid::regclass::text AS relation, con.conname, con.contype, con.convalidated, con.condeferrable, con.condeferred, con.conislocal, con.coninhcount,
           con.connoinherit, con.conindid::regclass::text AS index, to_jsonb(con) -> 'conenforced' AS enforced, pg_get_constraintdef(con.oid) AS definition,
           con.confrelid::regclass::text AS target, obj_description(con.oid, 'pg_constraint') AS comment, (SELECT p.conname FROM pg_constraint p WHERE p.oid = con.conparentid) AS parent
      FROM pg_constraint con WHERE con.connamespace ${OURS}`,
  indexes: `
    SELECT i.indrelid::regclass::text AS relation, i.indexrelid::regclass::text AS index, c.relowner::regrole::text AS owner, c.reloptions, c.reltablespace,
           pg_get_indexdef(i.indexrelid) AS definition, obj_description(i.indexrelid, 'pg_class') AS comment,
           to_jsonb(i) - '{indexrelid,indrelid,indcollation,indclass,indexprs,indpred,indcheckxmin}'::text[] AS flags
      FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid ${RELATIONS}`,
  policies: `
    SELECT p.polrelid::regclass::text AS relation, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text AS roles, pg_get_expr(p.polqual, p.polrelid) AS using,
           pg_get_expr(p.polwithcheck, p.polrelid) AS with_check, obj_description(p.oid, 'pg_policy') AS comment
      FROM pg_policy p WHERE p.polrelid ${RELATIONS}`,
  views: `SELECT c.oid::regclass::text AS view, c.relkind, c.relispopulated, pg_get_viewdef(c.oid) AS definition FROM pg_class c WHERE c.relkind IN ('v', 'm') AND c.relnamespace ${OURS}`,
  sequences: `
    SELECT s.seqrelid::regclass::text AS sequence, s.seqtypid::regtype::text AS type, s.seqstart, s.seqincrement, s.seqmax, s.seqmin, s.seqcache, s.seqcycle,
           (SELECT concat_ws(' ', d.refobjid::regclass, d.refobjsubid, d.deptype) FROM pg_depend d
             WHERE d.classid = 'pg_class'::regclass AND d.objid = s.seqrelid AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')) AS owned_by
      FROM pg_sequence s WHERE s.seqrelid ${RELATIONS}`,
  inheritance: `SELECT i.inhrelid::regclass::text AS child, i.inhparent::regclass::text AS parent, i.inhseqno FROM pg_inherits i WHERE i.inhrelid ${RELATIONS}`,
  publications: `
    SELECT p.pubname, p.pubowner::regrole::text AS owner, p.puballtables, p.pubinsert, p.pubupdate, p.pubdelete, p.pubtruncate,
           (SELECT array_agg(to_jsonb(t) ORDER BY t.schemaname, t.tablename) FROM pg_publication_tables t WHERE t.pubname = p.pubname AND t.schemaname <> 'backup_system') AS tables
      FROM pg_publication p`,
  statistics: `
    SELECT s.stxname, s.stxowner::regrole::text AS owner, s.stxrelid::regclass::text AS relation, pg_get_statisticsobjdef(s.oid) AS definition, s.stxstattarget,
           obj_description(s.oid, 'pg_statistic_ext') AS comment
      FROM pg_statistic_ext s WHERE s.stxnamespace ${OURS}`,
  types: `
    SELECT t.oid::regtype::text AS type, t.typtype, t.typnotnull, t.typdefault, format_type(t.typbasetype, t.typtypmod) AS base,
           ARRAY(SELECT enumlabel::text FROM pg_enum e WHERE e.enumtypid = t.oid ORDER BY e.enumsortorder) AS labels
      FROM pg_type t WHERE t.typnamespace ${OURS} AND t.typtype IN ('e', 'd', 'c', 'r', 'm') AND t.typrelid = 0`,
  functions: `SELECT p.oid::regprocedure::text AS function, md5(pg_get_functiondef(p.oid)) AS definition FROM pg_proc p WHERE p.prokind IN ('f', 'p') AND p.pronamespace ${OURS}`,
  extensionMembers: `
    SELECT pg_describe_object(d.classid, d.objid, d.objsubid) AS object, e.extname, d.deptype FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid
     WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype IN ('e', 'x')`,
};
