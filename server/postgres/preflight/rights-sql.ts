import { NO_CONSTRAINT, PLAIN_INDEX, REBUILDABLE_KEY, REMAKEABLE_INDEX } from '../catalog/shape.ts';
import { TYPE_PARTS } from '../catalog/types.ts';

/** SQL: the restored tables ($1, JSON) with their partitions, the outside tables tied to them, and the indexes that are rebuilt. */
const FOUND = `
  WITH RECURSIVE wanted AS (
    SELECT w.oid::oid AS oid, w.columns, w.filled FROM pg_catalog.json_to_recordset($1::json) AS w(oid int8, columns text[], filled bool)),
  tree(oid, root, filled) AS (
    SELECT oid, oid, filled FROM wanted
    UNION
    SELECT c.oid, tree.root, tree.filled FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
      JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition),
  heir(oid, name) AS (
    SELECT i.inhrelid, con.conname FROM tree JOIN pg_catalog.pg_constraint con ON con.conrelid = tree.oid AND con.contype IN ('c', 'n') AND NOT con.convalidated
      JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid
    UNION
    SELECT i.inhrelid, heir.name FROM heir JOIN pg_catalog.pg_inherits i ON i.inhparent = heir.oid),
  outside(oid) AS (
    SELECT con.conrelid FROM pg_catalog.pg_constraint con
     WHERE con.contype = 'f' AND con.conparentid = 0 AND con.confrelid IN (SELECT oid FROM tree) AND con.conrelid NOT IN (SELECT oid FROM tree)
    UNION
    SELECT con.conrelid FROM heir JOIN pg_catalog.pg_constraint con ON con.conrelid = heir.oid AND con.conname = heir.name AND NOT con.convalidated
     WHERE con.conrelid NOT IN (SELECT oid FROM tree)),
  rebuilt(oid, relation) AS (
    SELECT i.indexrelid, i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN tree ON tree.oid = i.indrelid AND tree.filled
     WHERE ${PLAIN_INDEX} AND ${NO_CONSTRAINT}
    UNION
    SELECT i.indexrelid, i.indrelid FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid JOIN tree ON tree.oid = i.indrelid
     WHERE ${REMAKEABLE_INDEX}
    UNION
    SELECT con.conindid, con.conrelid FROM pg_catalog.pg_constraint con JOIN tree ON tree.oid = con.conrelid AND tree.filled
     WHERE con.conparentid = 0 AND ${REBUILDABLE_KEY})`;

/** SQL: the oid of the current role, without joining the view of all roles. */
const ME = `pg_catalog.quote_ident(current_user)::pg_catalog.regrole::pg_catalog.oid`;

/** SQL: expressions that are evaluated for each row, and whose text is parsed again when the object they belong to is put back. */
const EXPRESSIONS = `
  expression(place, text, roles, reread) AS (
    SELECT pg_catalog.format('the index %s', i.indexrelid::regclass), COALESCE(i.indexprs::text, '') || COALESCE(i.indpred::text, ''),
           ARRAY[${ME}, c.relowner], i.indexrelid IN (SELECT oid FROM rebuilt)
      FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.indrelid
     WHERE tree.filled AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL)
    UNION ALL
    SELECT pg_catalog.format('the check %s', con.conname), con.conbin::text, ARRAY[${ME}], NOT con.convalidated
      FROM tree JOIN pg_catalog.pg_constraint con ON con.conrelid = tree.oid AND con.conbin IS NOT NULL WHERE tree.filled
    UNION ALL
    SELECT pg_catalog.format('the column %s of %s', a.attname, d.adrelid::regclass), d.adbin::text, ARRAY[${ME}], false
      FROM tree JOIN wanted ON wanted.oid = tree.root JOIN pg_catalog.pg_attrdef d ON d.adrelid = tree.oid
      JOIN pg_catalog.pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum AND NOT a.attname = ANY (wanted.columns) WHERE tree.filled
    UNION ALL
    SELECT pg_catalog.format('the partition key of %s', p.partrelid::regclass), p.partexprs::text, ARRAY[${ME}], false
      FROM tree JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = tree.oid WHERE tree.filled AND p.partexprs IS NOT NULL
    UNION ALL
    SELECT pg_catalog.format('the domain %s', con.contypid::regtype), con.conbin::text, ARRAY[${ME}], false
      FROM used JOIN pg_catalog.pg_constraint con ON con.contypid = used.oid AND con.conbin IS NOT NULL)`;

/** SQL: types of the columns that are filled, and those inside them. Staging tables are made of those at depth 0. */
const USED_TYPES = `
  used(oid, depth) AS (
    SELECT a.atttypid, 0 FROM wanted JOIN pg_catalog.pg_attribute a ON a.attrelid = wanted.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (wanted.columns)
    UNION
    SELECT part.oid, used.depth + 1 FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid,
      LATERAL (${TYPE_PARTS}) AS part(oid)
     WHERE used.depth < 20)`;

/**
 * SQL: everything the other queries are about, as one row of JSON, which is their $1. Read once, because planning it takes the server far
 * longer than running it. `referred` holds object ids from the text of node trees, which, unlike pg_depend, name operators of the server
 * itself.
 */
export const CONCERNED_SQL = `${FOUND}, ${USED_TYPES}, ${EXPRESSIONS},
  referred(place, roles, reread, kind, oid) AS (
    SELECT DISTINCT e.place, e.roles, e.reread, (m.found)[1], (m.found)[2]::int8
      FROM expression e, pg_catalog.regexp_matches(e.text, ':(funcid|opfuncid|opno|consttype|resulttype|collOid) (\\d+)', 'g') AS m(found))
  SELECT pg_catalog.json_build_object(
    'wanted', $1::json,
    'tree', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', oid::int8, 'root', root::int8, 'filled', filled)) FROM tree),
    'outside', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', oid::int8)) FROM outside),
    'rebuilt', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', oid::int8, 'relation', relation::int8)) FROM rebuilt),
    'used', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('oid', oid::int8, 'depth', depth)) FROM used),
    'referred', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('place', place, 'roles', roles::int8[], 'reread', reread, 'kind', kind, 'oid', oid)) FROM referred))::text AS concerned`;

const given = (name: string, columns: string) =>
  `${name} AS (SELECT * FROM pg_catalog.json_to_recordset(COALESCE(NULLIF(($1::json -> '${name}')::text, 'null'), '[]')::json) AS given(${columns}))`;

/** SQL: the rows that `CONCERNED_SQL` found ($1). */
const SET = `WITH ${[
  given('wanted', 'oid oid, columns text[], filled bool'),
  given('tree', 'oid oid, root oid, filled bool'),
  given('outside', 'oid oid'),
  given('rebuilt', 'oid oid, relation oid'),
  given('used', 'oid oid, depth int'),
  given('referred', 'place text, roles oid[], reread bool, kind text, oid oid'),
].join(', ')}`;

const named = (...kinds: string[]) =>
  `(SELECT oid FROM referred WHERE reread AND kind IN (${kinds.map((kind) => `'${kind}'`).join(', ')}))`;

export const SERVER_SQL = `
  SELECT r.rolname AS role, current_database() AS database, current_setting('server_version_num')::int AS version, r.rolinherit AS inherits,
         pg_catalog.has_database_privilege(current_database(), 'CREATE') AS "mayCreate"
    FROM pg_catalog.pg_roles r WHERE r.rolname = current_user`;

// A member of a superuser is one, too. A role that came with the server may have no members, or grants far more than these objects.
const OWNED = `pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.pg_get_userbyid(c.relowner) AS owner, pg_catalog.pg_has_role(c.relowner, 'MEMBER') AS member,
         EXISTS (SELECT 1 FROM pg_catalog.pg_roles r WHERE r.oid = c.relowner AND (r.rolsuper OR r.rolname ~ '^pg_')) AS ungrantable`;

/** Returns SQL: true when the role has this privilege, or would have it as a member of the owner it is told to become. */
const privileged = (relation: string, owner: string, privilege: string) =>
  `(pg_catalog.has_table_privilege(${relation}, '${privilege}') OR NOT pg_catalog.pg_has_role(${owner}, 'USAGE') AND pg_catalog.has_table_privilege(${owner}, ${relation}, '${privilege}'))`;

const columnsPrivileged = (relation: string, owner: string, numbers: string, privilege: string) =>
  `(${privileged(relation, owner, privilege)} OR (SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(${relation}, k.attnum, '${privilege}')) FROM unnest(${numbers}) AS k(attnum)))`;

// LOCK TABLE requires one of these; MAINTAIN came with 17.
const LOCKABLE = `(${privileged('c.oid', 'c.relowner', 'UPDATE, DELETE, TRUNCATE')}
     OR CASE WHEN current_setting('server_version_num')::int >= 170000 THEN ${privileged('c.oid', 'c.relowner', 'MAINTAIN')} ELSE false END)`;

/** SQL: rights on the restored and outside tables. Rights on partitions are checked on their root table. */
export const RELATIONS_SQL = `${SET}
  SELECT n.nspname AS schema, c.relname AS name, ${OWNED}, concerned.outside, ${LOCKABLE} AS lockable,
         concerned.outside OR c.relkind <> 'r' OR pg_catalog.has_any_column_privilege(c.oid, 'SELECT')
           OR NOT pg_catalog.pg_has_role(c.relowner, 'USAGE') AND pg_catalog.has_any_column_privilege(c.relowner, c.oid, 'SELECT') AS readable,
         concerned.outside OR concerned.columns IS NULL OR ${privileged('c.oid', 'c.relowner', 'TRUNCATE')} AS truncatable,
         concerned.outside OR concerned.columns IS NULL OR NOT concerned.filled OR ${columnsPrivileged(
           'c.oid',
           'c.relowner',
           `ARRAY(SELECT a.attnum FROM pg_catalog.pg_attribute a WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attname = ANY (concerned.columns))`,
           'INSERT',
         )} AS insertable
    FROM (SELECT tree.oid, wanted.columns, wanted.filled, false AS outside FROM tree LEFT JOIN wanted ON wanted.oid = tree.oid
          UNION ALL SELECT oid, NULL, NULL, true FROM outside) AS concerned
    JOIN pg_catalog.pg_class c ON c.oid = concerned.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   ORDER BY concerned.outside, 1, 2`;

export const SCHEMAS_SQL = `${SET},
  needed(oid, creates) AS (
    SELECT c.relnamespace, false FROM (SELECT oid FROM tree UNION SELECT oid FROM outside) AS r JOIN pg_catalog.pg_class c ON c.oid = r.oid
    UNION ALL SELECT c.relnamespace, true FROM rebuilt JOIN pg_catalog.pg_class c ON c.oid = rebuilt.oid
    UNION ALL SELECT COALESCE(item.typnamespace, t.typnamespace), false FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
      LEFT JOIN pg_catalog.pg_type item ON item.oid = t.typelem AND t.typcategory = 'A' WHERE used.depth = 0
    UNION ALL SELECT p.pronamespace, false FROM pg_catalog.pg_proc p WHERE p.oid IN ${named('funcid')}
    UNION ALL SELECT o.oprnamespace, false FROM pg_catalog.pg_operator o WHERE o.oid IN ${named('opno')}
    UNION ALL SELECT t.typnamespace, false FROM pg_catalog.pg_type t WHERE t.oid IN ${named('consttype', 'resulttype')}
    UNION ALL SELECT l.collnamespace, false FROM pg_catalog.pg_collation l WHERE l.oid IN ${named('collOid')}
    UNION ALL SELECT o.opcnamespace, false FROM rebuilt JOIN pg_catalog.pg_index i ON i.indexrelid = rebuilt.oid, unnest(i.indclass) AS k(class)
      JOIN pg_catalog.pg_opclass o ON o.oid = k.class AND NOT o.opcdefault
    UNION ALL SELECT l.collnamespace, false FROM rebuilt JOIN pg_catalog.pg_attribute ia ON ia.attrelid = rebuilt.oid
      JOIN pg_catalog.pg_index i ON i.indexrelid = rebuilt.oid
      JOIN pg_catalog.pg_attribute ta ON ta.attrelid = i.indrelid AND ta.attnum = i.indkey[ia.attnum - 1] AND ta.attcollation <> ia.attcollation
      JOIN pg_catalog.pg_collation l ON l.oid = ia.attcollation)
  SELECT n.nspname AS name, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS usable, pg_catalog.bool_or(needed.creates) AS creates,
         pg_catalog.has_schema_privilege(n.oid, 'CREATE') AS creatable
    FROM needed JOIN pg_catalog.pg_namespace n ON n.oid = needed.oid
   GROUP BY n.oid, n.nspname
  HAVING NOT (pg_catalog.has_schema_privilege(n.oid, 'USAGE') AND (pg_catalog.has_schema_privilege(n.oid, 'CREATE') OR NOT pg_catalog.bool_or(needed.creates)))
   ORDER BY 1`;

/**
 * SQL: true when the owner of the referenced table `t` may look up its rows one by one. The server checks foreign keys so when the role
 * itself may not read both tables.
 */
const ownerLooksUp = `pg_catalog.has_schema_privilege(t.relowner, t.relnamespace, 'USAGE') AND pg_catalog.has_any_column_privilege(t.relowner, t.oid, 'UPDATE')
             AND (SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(t.relowner, t.oid, k.attnum, 'SELECT')) FROM unnest(con.confkey) AS k(attnum))`;

/** SQL: foreign keys that are dropped and put back, where a right for that is missing. */
export const FOREIGN_KEYS_SQL = `${SET}
  SELECT * FROM (
    SELECT n.nspname AS schema, c.relname AS name, con.conname AS "constraint", pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname) AS target,
           ${columnsPrivileged('t.oid', 't.relowner', 'con.confkey', 'REFERENCES')} AS referable,
           ${columnsPrivileged('c.oid', 'c.relowner', 'con.conkey', 'SELECT')} AS readable,
           ${columnsPrivileged('t.oid', 't.relowner', 'con.confkey', 'SELECT')} AS "targetReadable",
           NOT con.convalidated OR (${ownerLooksUp}) AS "ownerReads"
      FROM pg_catalog.pg_constraint con
      JOIN pg_catalog.pg_class c ON c.oid = con.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      JOIN pg_catalog.pg_class t ON t.oid = con.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
     WHERE con.contype = 'f' AND con.conparentid = 0 AND con.confrelid IN (SELECT oid FROM tree)) AS found
   WHERE NOT (referable AND (readable AND "targetReadable" OR "ownerReads")) ORDER BY 1, 2, 3`;

/** SQL: foreign keys to tables that are not restored. They stay on, and each row is looked up as the owner of the referenced table. */
export const OUTSIDE_FOREIGN_KEYS_SQL = `${SET}
  SELECT n.nspname AS schema, c.relname AS name, con.conname AS "constraint", pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname) AS target,
         pg_catalog.pg_get_userbyid(t.relowner) AS owner, needed."right"
    FROM pg_catalog.pg_constraint con JOIN tree ON tree.oid = con.conrelid AND tree.filled
    JOIN pg_catalog.pg_class c ON c.oid = con.conrelid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_catalog.pg_class t ON t.oid = con.confrelid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace,
    LATERAL (VALUES ('USAGE', pg_catalog.has_schema_privilege(t.relowner, tn.oid, 'USAGE')),
                    ('SELECT', (SELECT pg_catalog.bool_and(pg_catalog.has_column_privilege(t.relowner, t.oid, k.attnum, 'SELECT')) FROM unnest(con.confkey) AS k(attnum))),
                    ('UPDATE', pg_catalog.has_any_column_privilege(t.relowner, t.oid, 'UPDATE'))) AS needed("right", given)
   WHERE con.contype = 'f' AND con.conparentid = 0 AND con.confrelid NOT IN (SELECT oid FROM tree) AND NOT needed.given
   ORDER BY 1, 2, 3`;

export const TYPES_SQL = `${SET}
  SELECT DISTINCT n.nspname AS schema, item.typname AS name
    FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid
    JOIN pg_catalog.pg_type item ON item.oid = CASE WHEN t.typcategory = 'A' AND t.typelem <> 0 THEN t.typelem ELSE t.oid END
    JOIN pg_catalog.pg_namespace n ON n.oid = item.typnamespace
   WHERE used.depth = 0 AND NOT pg_catalog.has_type_privilege(t.oid, 'USAGE') ORDER BY 1, 2`;

/** SQL: functions behind expressions and operators, including the comparisons of foreign keys and indexes. */
export const FUNCTIONS_SQL = `${SET},
  called(oid, place, roles) AS (
    SELECT oid, place, roles FROM referred WHERE kind IN ('funcid', 'opfuncid')
    UNION
    SELECT o.oprcode, referred.place, referred.roles FROM referred JOIN pg_catalog.pg_operator o ON o.oid = referred.oid WHERE referred.kind = 'opno'
    UNION
    SELECT o.oprcode, pg_catalog.format('the foreign key %s', con.conname), ARRAY[c.relowner, t.relowner, ${ME}]
      FROM pg_catalog.pg_constraint con JOIN pg_catalog.pg_class c ON c.oid = con.conrelid JOIN pg_catalog.pg_class t ON t.oid = con.confrelid,
           unnest(con.conpfeqop) AS k(operator) JOIN pg_catalog.pg_operator o ON o.oid = k.operator
     WHERE con.contype = 'f' AND con.conparentid = 0 AND (con.conrelid IN (SELECT oid FROM tree WHERE filled) OR con.confrelid IN (SELECT oid FROM tree)))
  SELECT DISTINCT r.rolname AS role, pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, pg_catalog.pg_get_function_identity_arguments(p.oid)) AS signature, called.place
    FROM called JOIN pg_catalog.pg_proc p ON p.oid = called.oid JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_catalog.pg_roles r ON r.oid = ANY (called.roles)
   WHERE NOT pg_catalog.has_function_privilege(r.oid, p.oid, 'EXECUTE') ORDER BY 2, 1, 3`;

/** SQL: $1, $2: names of the sequences whose position is read; $3: true for those that are set. */
export const SEQUENCES_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, ${OWNED}, NOT wanted.set OR ${privileged('c.oid', 'c.relowner', 'UPDATE')} AS settable, ${privileged('c.oid', 'c.relowner', 'SELECT')} AS readable,
         (SELECT pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname)
            FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class t ON t.oid = d.refobjid JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
           WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS "table"
    FROM unnest($1::text[], $2::text[], $3::bool[]) AS wanted(schema, name, set)
    JOIN pg_catalog.pg_namespace n ON n.nspname = wanted.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = wanted.name AND c.relkind = 'S'
   ORDER BY 1, 2`;
