import { isDeepStrictEqual } from 'node:util';
import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';

/**
 * Everything about a set of tables that a rewrite removes for a while and must put back exactly. Read under the tables' locks before the
 * rewrite and again before the commit; both must be equal. Object ids are kept beside it, because they change.
 */
export interface Shape {
  relations: ShapeRelation[];
  triggers: (InTable & { enabled: FiringState; definition: string })[];
  rules: (InTable & { enabled: FiringState; definition: string })[];
  constraints: ShapeConstraint[];
  indexes: ShapeIndex[];
  /** Columns, with everything their definitions contain. */
  columns: (InTable & { facts: string })[];
}

type FiringState = 'O' | 'D' | 'A' | 'R';
interface InTable {
  table: ObjectName;
  name: string;
}

export interface ShapeRelation extends ObjectName {
  oid: number;
  partitioned: boolean;
  partition: boolean;
  owned: boolean;
  owner: string;
  rowSecurity: boolean;
  forceRowSecurity: boolean;
  replicaIdentity: string;
  persistence: string;
  /** True for a foreign partition, of which nothing is altered. */
  foreign: boolean;
  /** True when tables inherit from it, other than partitions. */
  hasHeirs: boolean;
  /** Digest of grants, options and comment. */
  facts: string;
}

export interface ShapeConstraint extends InTable {
  tableOid: number;
  targetOid: number;
  /** The table that a foreign key refers to. */
  target: ObjectName | null;
  type: 'c' | 'f' | 'n' | 'p' | 't' | 'u' | 'x';
  definition: string;
  validated: boolean;
  enforced: boolean;
  /** True when created on this table; a constraint inherited from a parent may be local as well. */
  local: boolean;
  inherited: boolean;
  comment: string | null;
  /** Firing states of the triggers behind a foreign key: 'O' each, unless a superuser disabled them. */
  firing: string;
  /** True for a key whose index can be created again from the definition alone, and on which nothing else in the catalog depends. */
  rebuildable: boolean;
}

export interface ShapeIndex extends InTable {
  definition: string;
  comment: string | null;
  /**
   * True when it backs no constraint, is no replica identity, cluster index or partition member, and can be created again from its
   * definition alone.
   */
  plain: boolean;
  unique: boolean;
  valid: boolean;
  /** False while it waits to be dropped: nothing uses or fills it. */
  live: boolean;
  /** True for the index of a partitioned table, which holds nothing itself. */
  partitioned: boolean;
  /** True when it is not valid and can be created again from its definition alone, on a partition as well. */
  remakeable: boolean;
  facts: string;
}

/**
 * Reads the shape of these relations and their partitions, with every foreign key from or to them. Includes the NOT VALID checks that
 * other tables inherit from them.
 */
export async function readShape(session: Session, rootOids: number[]): Promise<Shape> {
  const relations = await session.query<ShapeRelation>(RELATIONS_SQL, [rootOids]);
  const oids = relations.map((relation) => relation.oid);
  return {
    relations,
    triggers: await session.query(TRIGGERS_SQL, [oids]),
    rules: await session.query(RULES_SQL, [oids]),
    constraints: await session.query(CONSTRAINTS_SQL, [oids]),
    indexes: await session.query(INDEXES_SQL, [oids]),
    columns: await session.query(COLUMNS_SQL, [oids]),
  };
}

/** Returns the differences in words; empty when the shapes are equal. */
export function shapeDifferences(before: Shape, after: Shape): string[] {
  const differences: string[] = [];
  for (const part of ['relations', 'columns', 'triggers', 'rules', 'constraints', 'indexes'] as const) {
    const label = (item: { name: string; table?: ObjectName }) =>
      `${part} ${item.table ? `${item.table.schema}.${item.table.name}.` : ''}${item.name}`;
    const left = new Map(before[part].map((item) => [label(item), item]));
    const right = new Map(after[part].map((item) => [label(item), item]));
    for (const [name, item] of left) {
      const other = right.get(name);
      if (!other) differences.push(`${name} is gone`);
      else {
        const changed = changedFacts(item, other);
        if (changed.length > 0) differences.push(`${name} is not as it was (${changed.join(', ')})`);
      }
    }
    for (const name of right.keys()) if (!left.has(name)) differences.push(`${name} is new`);
  }
  return differences;
}

function changedFacts(item: object, other: object): string[] {
  const now = new Map(Object.entries(other));
  return Object.entries(item).flatMap(([fact, value]) => (isDeepStrictEqual(value, now.get(fact)) ? [] : [fact]));
}

/** Returns the `ALTER TABLE … ENABLE …` words that bring a trigger or rule into this state. */
export function firingClause(state: FiringState, what: 'TRIGGER' | 'RULE', name: string): string {
  const verb = { O: 'ENABLE', D: 'DISABLE', A: 'ENABLE ALWAYS', R: 'ENABLE REPLICA' }[state];
  return `${verb} ${what} ${quoteIdent(name)}`;
}

/** Returns `ALTER TABLE` for a relation. Partitioned tables pass changes down; for others ONLY protects inheritance children. */
export function alterTable(relation: ObjectName & { partitioned: boolean }): string {
  return `ALTER TABLE ${relation.partitioned ? '' : 'ONLY '}${quoteName(relation)}`;
}

/** Returns SQL for a digest of a text. Comments and defaults are only compared, and their bytes need not be UTF-8. */
const digest = (text: string) =>
  `pg_catalog.sha256(pg_catalog.convert_to(${text}, pg_catalog.getdatabaseencoding()))::text`;

/** SQL: the tables ($1) and all their partitions, as a part of `WITH RECURSIVE`. */
export const TREE = `tree(oid) AS (
    SELECT oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)
    UNION
    SELECT c.oid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.inhrelid AND c.relispartition)`;

const RELATIONS_SQL = `
  WITH RECURSIVE ${TREE}
  SELECT n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid, c.relkind = 'p' AS partitioned, c.relispartition AS partition,
         pg_catalog.pg_has_role(c.relowner, 'USAGE') AS owned, pg_catalog.pg_get_userbyid(c.relowner) AS owner,
         c.relrowsecurity AS "rowSecurity", c.relforcerowsecurity AS "forceRowSecurity", c.relreplident AS "replicaIdentity", c.relpersistence AS persistence,
         c.relkind = 'f' AS foreign,
         EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i JOIN pg_catalog.pg_class h ON h.oid = i.inhrelid WHERE i.inhparent = c.oid AND NOT h.relispartition) AS "hasHeirs",
         ${digest(`concat_ws(' ', c.relacl::text, c.reloptions::text, pg_catalog.obj_description(c.oid, 'pg_class'))`)} AS facts
    FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   ORDER BY 1, 2`;

const tableOf = (relation: string, label = 'table') =>
  `(SELECT json_build_object('schema', n.nspname, 'name', c.relname) FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = ${relation}) AS "${label}"`;

const COLUMNS_SQL = `
  SELECT ${tableOf('a.attrelid')}, a.attname AS name,
         ${digest(`concat_ws(' ', a.attnum, pg_catalog.format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity, a.attgenerated, a.attcollation, a.attstorage,
                   a.attcompression, COALESCE(a.attstattarget, -1), a.attoptions::text, a.attacl::text, a.attislocal, a.attinhcount,
                   pg_catalog.pg_get_expr(d.adbin, d.adrelid), pg_catalog.col_description(a.attrelid, a.attnum))`)} AS facts
    FROM pg_catalog.pg_attribute a LEFT JOIN pg_catalog.pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
   WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped
   ORDER BY a.attrelid, a.attnum`;

const TRIGGERS_SQL = `
  SELECT ${tableOf('t.tgrelid')}, t.tgname AS name, t.tgenabled AS enabled, pg_catalog.pg_get_triggerdef(t.oid) AS definition
    FROM pg_catalog.pg_trigger t WHERE t.tgrelid = ANY ($1::int8[]::oid[]) AND NOT t.tgisinternal
   ORDER BY t.tgrelid, t.tgname`;

const RULES_SQL = `
  SELECT ${tableOf('r.ev_class')}, r.rulename AS name, r.ev_enabled AS enabled, pg_catalog.pg_get_ruledef(r.oid) AS definition
    FROM pg_catalog.pg_rewrite r WHERE r.ev_class = ANY ($1::int8[]::oid[]) AND r.ev_type <> '1'
   ORDER BY r.ev_class, r.rulename`;

/**
 * SQL: an index `i` of the class `c` without facts that its definition omits: cluster mark, replica identity, tablespace, partition,
 * extension, statistics target.
 */
const MADE_BY_DEFINITION = `
         NOT i.indisclustered AND NOT i.indisreplident AND c.reltablespace = 0 AND c.relkind = 'i' AND NOT c.relispartition
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = i.indexrelid AND d.deptype IN ('e', 'x') OFFSET 0)
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_attribute a WHERE a.attrelid = i.indexrelid AND COALESCE(a.attstattarget, -1) >= 0 OFFSET 0)`;
export const PLAIN_INDEX = `
         i.indisvalid AND ${MADE_BY_DEFINITION}
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class t WHERE t.oid = i.indrelid AND (t.relispartition OR t.relkind <> 'r') OFFSET 0)`;
export const NO_CONSTRAINT = `NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint con WHERE con.conindid = i.indexrelid AND con.contype IN ('p', 'u', 'x') OFFSET 0)`;
/** SQL: an invalid index that is dropped before the rows are loaded and created again after them. */
export const REMAKEABLE_INDEX = `NOT i.indisvalid AND i.indislive AND ${MADE_BY_DEFINITION} AND ${NO_CONSTRAINT}`;

/** SQL: a constraint `con` that is a key whose index can be created again from the definition alone, and on which nothing else depends. */
export const REBUILDABLE_KEY = `
         con.contype IN ('p', 'u') AND EXISTS (
           SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
            WHERE i.indexrelid = con.conindid AND i.indrelid = con.conrelid AND ${PLAIN_INDEX} AND c.reloptions IS NULL
              AND pg_catalog.obj_description(i.indexrelid, 'pg_class') IS NULL OFFSET 0)
           AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_constraint'::regclass AND d.refobjid = con.oid AND d.deptype <> 'i' OFFSET 0)`;

// conenforced came with 18; to_jsonb lets one text serve every version.
const CONSTRAINTS_SQL = `
  WITH RECURSIVE heir(oid) AS (
    SELECT inhrelid FROM pg_catalog.pg_inherits WHERE inhparent = ANY ($1::int8[]::oid[])
    UNION
    SELECT i.inhrelid FROM heir JOIN pg_catalog.pg_inherits i ON i.inhparent = heir.oid)
  SELECT ${tableOf('con.conrelid')}, con.conname AS name, con.conrelid::int8::float8 AS "tableOid", con.confrelid::int8::float8 AS "targetOid",
         ${tableOf('con.confrelid', 'target')},
         con.contype AS type, pg_catalog.pg_get_constraintdef(con.oid) AS definition, con.convalidated AS validated,
         COALESCE((to_jsonb(con) ->> 'conenforced')::bool, true) AS enforced, con.conislocal AS local, con.coninhcount > 0 AS inherited,
         pg_catalog.obj_description(con.oid, 'pg_constraint') AS comment,
         COALESCE((SELECT string_agg(DISTINCT t.tgenabled::text, '') FROM pg_catalog.pg_trigger t WHERE t.tgconstraint = con.oid), '') AS firing,
         ${REBUILDABLE_KEY} AS rebuildable
    FROM pg_catalog.pg_constraint con
   WHERE con.conparentid = 0 AND (con.conrelid = ANY ($1::int8[]::oid[]) OR con.confrelid = ANY ($1::int8[]::oid[])
           OR (con.conrelid IN (SELECT oid FROM heir) AND con.coninhcount > 0 AND con.contype IN ('c', 'n') AND NOT con.convalidated))
   ORDER BY con.conrelid, con.conname`;

const INDEXES_SQL = `
  SELECT ${tableOf('i.indrelid')}, c.relname AS name, pg_catalog.pg_get_indexdef(i.indexrelid) AS definition,
         pg_catalog.obj_description(i.indexrelid, 'pg_class') AS comment,
         concat_ws(' ', i.indisvalid, i.indisclustered, i.indisreplident, i.indisunique, c.reltablespace, c.reloptions::text) AS facts,
         ${PLAIN_INDEX}
           AND ${NO_CONSTRAINT} AS plain,
         i.indisunique AS unique, i.indisvalid AS valid, i.indislive AS live, c.relkind = 'I' AS partitioned,
         ${REMAKEABLE_INDEX} AS remakeable
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE i.indrelid = ANY ($1::int8[]::oid[])
   ORDER BY i.indrelid, c.relname`;
