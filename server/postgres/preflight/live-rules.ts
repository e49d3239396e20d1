import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent } from '../../../db/model/quote.ts';
import { TREE } from '../catalog/shape.ts';
import { TYPE_PARTS } from '../catalog/types.ts';

interface InTable {
  table: ObjectName;
  partitioned: boolean;
  /** Columns of the primary key; empty without one. */
  key: string[];
  /** Name of the rule, for people. */
  name: string;
  validated: boolean;
  /** True when it calls functions in a language of the database, whose text decides what they do. */
  calls: boolean;
}

/**
 * A rule of a live table, as the condition that finds the rows breaking it. Its expressions are the server's own, with names quoted by
 * the server.
 */
export type LiveRule = InTable &
  (
    | { kind: 'where'; condition: string; notNull?: string[] }
    | { kind: 'type'; column: string; sqlType: string }
    | { kind: 'computed'; expressions: string[] }
    | { kind: 'unique'; keys: string[]; predicate: string | null; nullsNotDistinct: boolean }
    | { kind: 'exclusion'; keys: string[]; operators: string[]; predicate: string | null }
    | {
        kind: 'foreign key';
        pairs: { column: string; targetColumn: string; operator: string }[];
        target: ObjectName;
        targetPartitioned: boolean;
        matchFull: boolean;
        /** True when the last pair are ranges, which the rows referred to must cover together. */
        period: boolean;
      }
  );

/**
 * Reads the rules that rows of these tables and of their partitions may break. Expressions of generated columns and indexes are among them
 * where they call functions of the database, with `everyExpression` all of them.
 */
export async function readLiveRules(
  session: Session,
  tableOids: number[],
  { everyExpression = false } = {},
): Promise<LiveRule[]> {
  const relations = await session.query<RelationRow>(RELATIONS_SQL, [tableOids]);
  const oids = [relations.map(({ oid }) => oid)];
  const constraints = await session.query<ConstraintRow>(CONSTRAINTS_SQL, oids);
  const indexes = await session.query<IndexRow>(INDEXES_SQL, oids);
  const domains = await session.query<DomainRow>(DOMAINS_SQL, oids);
  const computed = await session.query<ComputedRow>(COMPUTED_SQL, [...oids, everyExpression]);
  const rules: LiveRule[] = [];
  for (const { oid, schema, name, partitioned, key, notNull } of relations) {
    const base = { table: { schema, name }, partitioned, key };
    const column = (one: string) => `${quoteIdent(name)}.${quoteIdent(one)}`;
    // One call takes a hundred values.
    for (let from = 0; from < notNull.length; from += COLUMNS_PER_STATEMENT) {
      const some = notNull.slice(from, from + COLUMNS_PER_STATEMENT);
      // Not IS NULL: where the catalog says NOT NULL, the planner does not look.
      const condition = `pg_catalog.num_nulls(${some.map(column).join(', ')}) > 0`;
      const rule = `NOT NULL of ${some.join(', ')}`;
      rules.push({ ...base, kind: 'where', name: rule, validated: true, calls: false, condition, notNull: some });
    }
    for (const one of constraints.filter(({ relation }) => relation === oid)) {
      if (one.type === 'c')
        rules.push({
          ...base,
          kind: 'where',
          name: one.name,
          validated: one.validated,
          calls: one.calls,
          condition: `NOT (${one.expression})`,
        });
      else
        rules.push({
          ...base,
          kind: 'foreign key',
          name: one.name,
          validated: one.validated,
          calls: false,
          pairs: one.pairs ?? [],
          target: one.target ?? base.table,
          targetPartitioned: one.targetPartitioned,
          matchFull: one.matchFull,
          period: one.period,
        });
    }
    for (const one of indexes.filter(({ relation }) => relation === oid)) {
      const { validated, calls, keys, predicate, nullsNotDistinct, operators } = one;
      const rule = { ...base, name: one.name, validated, calls, keys, predicate };
      if (operators === null) rules.push({ ...rule, kind: 'unique', nullsNotDistinct });
      else rules.push({ ...rule, kind: 'exclusion', operators });
    }
    for (const { name: what, expressions } of computed.filter(({ relation }) => relation === oid))
      rules.push({ ...base, kind: 'computed', name: what, validated: true, calls: true, expressions });
    for (const one of domains.filter(({ relation }) => relation === oid)) {
      const rule = `${one.constraint === null ? 'the rules' : one.constraint} of the type ${qualifiedName(one)} in ${one.column}`;
      if (one.expression === null)
        rules.push({
          ...base,
          kind: 'type',
          name: rule,
          validated: one.validated,
          calls: one.calls,
          column: one.column,
          sqlType: one.columnType,
        });
      else {
        const condition = `NOT (${withValue(one.expression, `((${column(one.column)})::${one.baseType})`)})`;
        rules.push({ ...base, kind: 'where', name: rule, validated: one.validated, calls: one.calls, condition });
      }
    }
  }
  return rules;
}

const COLUMNS_PER_STATEMENT = 90;

/** Replaces VALUE in a domain's check by a column, except inside string literals and quoted names. */
function withValue(expression: string, column: string): string {
  return expression.replaceAll(/"(?:[^"]|"")*"|\bE'(?:[^'\\]|\\.|'')*'|'(?:[^']|'')*'|\bVALUE\b/gs, (word) =>
    word === 'VALUE' ? column : word,
  );
}

type RelationRow = ObjectName & { oid: number; partitioned: boolean; key: string[]; notNull: string[] };
interface ConstraintRow {
  relation: number;
  type: string;
  name: string;
  validated: boolean;
  calls: boolean;
  expression: string | null;
  pairs: { column: string; targetColumn: string; operator: string }[] | null;
  target: ObjectName | null;
  targetPartitioned: boolean;
  matchFull: boolean;
  period: boolean;
}
interface IndexRow {
  relation: number;
  name: string;
  validated: boolean;
  calls: boolean;
  keys: string[];
  predicate: string | null;
  nullsNotDistinct: boolean;
  /** Operators under which no two rows may meet; null for a unique index. */
  operators: string[] | null;
}
type DomainRow = ObjectName & {
  relation: number;
  column: string;
  columnType: string;
  baseType: string;
  constraint: string | null;
  validated: boolean;
  calls: boolean;
  expression: string | null;
};
interface ComputedRow {
  relation: number;
  name: string;
  expressions: string[];
}

/**
 * SQL: dependencies `d` on functions whose text is kept in the database, also behind operators; ends in a WHERE to be continued with AND.
 */
const CALLS = `
  FROM pg_catalog.pg_depend d LEFT JOIN pg_catalog.pg_operator o ON d.refclassid = 'pg_catalog.pg_operator'::regclass AND o.oid = d.refobjid
  JOIN pg_catalog.pg_proc p ON p.oid = CASE WHEN d.refclassid = 'pg_catalog.pg_proc'::regclass THEN d.refobjid ELSE o.oprcode END
  JOIN pg_catalog.pg_language l ON l.oid = p.prolang
 WHERE d.refclassid IN ('pg_catalog.pg_proc'::regclass, 'pg_catalog.pg_operator'::regclass) AND l.lanname NOT IN ('internal', 'c')`;

const callsOf = (catalog: string, oid: string) =>
  `EXISTS (SELECT 1 ${CALLS} AND d.classid = 'pg_catalog.${catalog}'::regclass AND d.objid = ${oid})`;

/** SQL: true when anything that is evaluated for rows, of any table, calls such a function. */
export const ANYTHING_CALLS_SQL = `
  SELECT EXISTS (SELECT 1 ${CALLS} AND d.classid IN ('pg_catalog.pg_constraint'::regclass, 'pg_catalog.pg_attrdef'::regclass, 'pg_catalog.pg_class'::regclass)) AS calls`;

// Columns whose NOT NULL is NOT VALID (18) are found in the catalogs.
const RELATIONS_SQL = `
  WITH RECURSIVE ${TREE}
  SELECT c.oid::int8::float8 AS oid, n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
         ARRAY(SELECT a.attname::text FROM pg_catalog.pg_index i, unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place)
                 JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = k.attnum
                WHERE i.indrelid = c.oid AND i.indisprimary AND k.place <= i.indnkeyatts ORDER BY k.place) AS key,
         ARRAY(SELECT a.attname::text FROM pg_catalog.pg_attribute a
                WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped AND a.attnotnull AND NOT c.relispartition AND a.attgenerated <> 'v'
                  AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_constraint con WHERE con.conrelid = c.oid AND con.contype = 'n' AND NOT con.convalidated AND con.conkey = ARRAY[a.attnum])
                ORDER BY a.attnum) AS "notNull"
    FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.relkind IN ('r', 'p') ORDER BY 2, 3`;

// conperiod and conenforced came with 18.
const CONSTRAINTS_SQL = `
  SELECT con.conrelid::int8::float8 AS relation, con.contype AS type, con.conname AS name, con.convalidated AS validated,
         pg_catalog.pg_get_expr(con.conbin, con.conrelid) AS expression, ${callsOf('pg_constraint', 'con.oid')} AS calls,
         CASE WHEN con.contype = 'f' THEN (SELECT pg_catalog.json_agg(pg_catalog.json_build_object('column', fa.attname, 'targetColumn', ta.attname,
                -- As the server compares: by the collation of the column referred to.
                'operator', COALESCE((SELECT pg_catalog.format('COLLATE %I.%I ', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
                                        JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = ta.attcollation), '')
                            || pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, o.oprname)) ORDER BY k.place)
            FROM unnest(con.conkey, con.confkey, con.conpfeqop) WITH ORDINALITY AS k(own, foreign_key, operator, place)
            JOIN pg_catalog.pg_attribute fa ON fa.attrelid = con.conrelid AND fa.attnum = k.own
            JOIN pg_catalog.pg_attribute ta ON ta.attrelid = con.confrelid AND ta.attnum = k.foreign_key
            JOIN pg_catalog.pg_operator o ON o.oid = k.operator JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace) END AS pairs,
         CASE WHEN con.contype = 'f' THEN pg_catalog.json_build_object('schema', tn.nspname, 'name', t.relname) END AS target,
         COALESCE(t.relkind = 'p', false) AS "targetPartitioned", con.confmatchtype = 'f' AS "matchFull",
         COALESCE((to_jsonb(con) ->> 'conperiod')::bool, false) AS period
    FROM pg_catalog.pg_constraint con
    LEFT JOIN pg_catalog.pg_class t ON t.oid = con.confrelid LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.relnamespace
   WHERE con.conrelid = ANY ($1::int8[]::oid[]) AND con.conparentid = 0 AND con.conislocal
     AND con.contype IN ('c', 'f')
     AND COALESCE((to_jsonb(con) ->> 'conenforced')::bool, true)
   ORDER BY con.conrelid, con.conname`;

const INDEXES_SQL = `
  SELECT i.indrelid::int8::float8 AS relation, c.relname AS name, true AS validated, ${callsOf('pg_class', 'i.indexrelid')} AS calls,
         ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, place, true)
                      || COALESCE((SELECT pg_catalog.format(' COLLATE %I.%I', cn.nspname, co.collname) FROM pg_catalog.pg_collation co
                                     JOIN pg_catalog.pg_namespace cn ON cn.oid = co.collnamespace WHERE co.oid = i.indcollation[place - 1]), '')
                 FROM generate_series(1, i.indnkeyatts::int) AS place ORDER BY place) AS keys,
         pg_catalog.pg_get_expr(i.indpred, i.indrelid) AS predicate, COALESCE((to_jsonb(i) ->> 'indnullsnotdistinct')::bool, false) AS "nullsNotDistinct",
         CASE WHEN i.indisexclusion THEN (
           SELECT pg_catalog.array_agg(pg_catalog.format('OPERATOR(%I.%s)', opn.nspname, o.oprname) ORDER BY k.place)
             FROM pg_catalog.pg_constraint con, unnest(con.conexclop) WITH ORDINALITY AS k(operator, place)
             JOIN pg_catalog.pg_operator o ON o.oid = k.operator JOIN pg_catalog.pg_namespace opn ON opn.oid = o.oprnamespace
            WHERE con.conindid = i.indexrelid AND con.conrelid = i.indrelid AND con.contype IN ('p', 'u', 'x')) END AS operators
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE i.indrelid = ANY ($1::int8[]::oid[]) AND (i.indisunique OR i.indisexclusion) AND i.indislive AND NOT c.relispartition
   ORDER BY i.indrelid, c.relname`;

// A column whose own type is a domain is checked check by check, one that holds a domain somewhere inside as a whole.
const DOMAINS_SQL = `
  WITH RECURSIVE chain(relation, attnum, oid, direct, depth) AS (
    SELECT a.attrelid, a.attnum, a.atttypid, true, 0 FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_class c ON c.oid = a.attrelid
     WHERE a.attrelid = ANY ($1::int8[]::oid[]) AND a.attnum > 0 AND NOT a.attisdropped AND NOT c.relispartition AND a.attgenerated = ''
    UNION
    SELECT chain.relation, chain.attnum, part.oid, chain.direct AND t.typtype = 'd', chain.depth + 1 FROM chain JOIN pg_catalog.pg_type t ON t.oid = chain.oid,
      LATERAL (${TYPE_PARTS}) AS part(oid)
     WHERE chain.depth < 20)
  SELECT chain.relation::int8::float8 AS relation, a.attname AS column, pg_catalog.format_type(a.atttypid, a.atttypmod) AS "columnType",
         pg_catalog.format_type(t.typbasetype, t.typtypmod) AS "baseType", n.nspname AS schema, t.typname AS name,
         CASE WHEN chain.direct THEN con.conname END AS constraint, bool_and(con.convalidated) AS validated,
         CASE WHEN chain.direct THEN pg_catalog.pg_get_expr(con.conbin, 0) END AS expression, bool_or(${callsOf('pg_constraint', 'con.oid')}) AS calls
    FROM chain JOIN pg_catalog.pg_attribute a ON a.attrelid = chain.relation AND a.attnum = chain.attnum
    JOIN pg_catalog.pg_type t ON t.oid = chain.oid AND t.typtype = 'd' JOIN pg_catalog.pg_namespace n ON n.oid = t.typnamespace
    JOIN pg_catalog.pg_constraint con ON con.contypid = t.oid AND con.contype = 'c'
   GROUP BY 1, 2, 3, 4, 5, 6, 7, 9
   ORDER BY 1, 2, 7`;

// A non-unique index breaks no rule, but is computed from each row all the same.
const COMPUTED_SQL = `
  SELECT def.adrelid::int8::float8 AS relation, 'the generated column ' || a.attname AS name, ARRAY[pg_catalog.pg_get_expr(def.adbin, def.adrelid)] AS expressions
    FROM pg_catalog.pg_attrdef def JOIN pg_catalog.pg_attribute a ON a.attrelid = def.adrelid AND a.attnum = def.adnum AND a.attgenerated = 's'
   WHERE def.adrelid = ANY ($1::int8[]::oid[]) AND ($2 OR ${callsOf('pg_attrdef', 'def.oid')})
  UNION ALL
  SELECT i.indrelid::int8::float8, 'the index ' || c.relname,
         ARRAY(SELECT pg_catalog.pg_get_indexdef(i.indexrelid, k.place::int, true) FROM unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, place) WHERE k.attnum = 0)
           || CASE WHEN i.indpred IS NULL THEN '{}'::text[] ELSE ARRAY[pg_catalog.pg_get_expr(i.indpred, i.indrelid)] END
    FROM pg_catalog.pg_index i JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
   WHERE i.indrelid = ANY ($1::int8[]::oid[]) AND (NOT i.indisunique OR i.indisexclusion) AND i.indislive AND NOT c.relispartition
     AND (i.indexprs IS NOT NULL OR i.indpred IS NOT NULL) AND ($2 OR ${callsOf('pg_class', 'i.indexrelid')})
  UNION ALL
  SELECT pt.partrelid::int8::float8, 'the partition key', ARRAY[pg_catalog.pg_get_expr(pt.partexprs, pt.partrelid)]
    FROM pg_catalog.pg_partitioned_table pt
   WHERE pt.partrelid = ANY ($1::int8[]::oid[]) AND pt.partexprs IS NOT NULL AND ($2 OR ${callsOf('pg_class', 'pt.partrelid')})
   ORDER BY 1, 2`;
