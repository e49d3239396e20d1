import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { TREE } from '../catalog/shape.ts';
import { TYPE_PARTS } from '../catalog/types.ts';
import { budgetHint, describeShortage, fitsBudget, readLockBudget, restoreLocks } from '../locks/lock-budget.ts';
import { readEventTriggers } from '../rewrite/causes.ts';

/** Something in the catalogs that stops a restore, or makes its outcome uncertain. */
export interface Obstacle {
  /** True when a restore would be refused; false when it may be. */
  stops: boolean;
  message: string;
  hint: string;
}

/**
 * Returns obstacles to restoring these tables, from the catalogs alone: reads no row and waits for no lock. They are invalid indexes,
 * disabled foreign keys, rules that rows may break, checks that depend on time, event triggers, and too little room for locks.
 */
export async function readObstacles(session: Session, tableOids: number[]): Promise<Obstacle[]> {
  const found = await session.query<FoundObstacle>(OBSTACLES_SQL, [tableOids]);
  const obstacles = found.map(describe);
  const triggers = await readEventTriggers(session);
  if (triggers.length > 0)
    obstacles.push({
      stops: false,
      message: `event triggers run for each statement of a restore and may refuse it: ${triggers.map(({ name }) => name).join(', ')}`,
      hint: `If one does, let its owner disable it for the restore: ${triggers
        .slice(0, 5)
        .map(({ name }) => `ALTER EVENT TRIGGER ${quoteIdent(name)} DISABLE;`)
        .join(' ')}`,
    });
  const [budget, need] = [await readLockBudget(session), await restoreLocks(session, tableOids)];
  if (!fitsBudget(budget, need))
    obstacles.push({
      stops: true,
      message: describeShortage(budget, need, 'a restore'),
      hint: budgetHint(budget, need),
    });
  return obstacles;
}

interface FoundObstacle extends ObjectName {
  kind: 'index' | 'unique index' | 'not valid' | 'domain not valid' | 'disabled' | 'moment' | 'detaching';
  item: string;
  table: ObjectName | null;
}

function describe({ kind, item, table, ...object }: FoundObstacle): Obstacle {
  const tableName = qualifiedName(table ?? object);
  const quoted = quoteName(object);
  switch (kind) {
    case 'index':
    case 'unique index':
      return {
        stops: false,
        message: `the index ${qualifiedName(object)} of ${tableName} is not valid: making it was never finished, and a restore makes it valid${kind === 'unique index' ? ', or leaves it out when rows of the backup break it' : ''}`,
        hint: `Run DROP INDEX ${quoted}; if nobody needs it, or finish it by REINDEX INDEX CONCURRENTLY ${quoted};`,
      };
    case 'not valid':
      return {
        stops: false,
        message: `${item} of ${tableName} is NOT VALID: rows from before it may break it`,
        hint: `To know: ALTER TABLE ${quoted} VALIDATE CONSTRAINT ${quoteIdent(item)};`,
      };
    case 'domain not valid':
      return {
        stops: false,
        message: `${item} of the domain ${qualifiedName(object)} is NOT VALID: values from before it may break it`,
        hint: `To know: ALTER DOMAIN ${quoted} VALIDATE CONSTRAINT ${quoteIdent(item)};`,
      };
    case 'disabled':
      return {
        stops: true,
        message: `the foreign key ${tableName}.${item} is disabled (DISABLE TRIGGER ALL): a restore cannot put it back so, and rows may break it`,
        hint: `As a superuser run: ALTER TABLE ${quoted} ENABLE TRIGGER ALL; on both tables of it.`,
      };
    case 'moment':
      return {
        stops: false,
        message: `${item} of ${table === null ? `the domain ${qualifiedName(object)}` : tableName} depends on more than the row (the time, a setting, other rows): what it takes today it may refuse later`,
        hint: `Make it depend on the row alone, or add it NOT VALID.`,
      };
    case 'detaching':
      return {
        stops: true,
        message: `${qualifiedName(object)} is being detached from ${tableName}, and that was not finished: its rows are in the backup and not visible in ${tableName}`,
        hint: `Unless a session is still at it, finish it by ALTER TABLE ${quoteName(table ?? object)} DETACH PARTITION ${quoted} FINALIZE;`,
      };
    default:
      throw new RangeError(`no words for ${kind satisfies never}`);
  }
}

// Node trees are read as text: pg_depend does not list the server's own functions.
const UNSTEADY = `(con.conbin::text ~ '\\{(SQLVALUEFUNCTION|NEXTVALUEEXPR)' OR EXISTS (
    SELECT 1 FROM pg_catalog.regexp_matches(con.conbin::text, ':(?:funcid|opfuncid) (\\d+)', 'g') AS m(found)
      JOIN pg_catalog.pg_proc p ON p.oid = (m.found)[1]::int8::oid WHERE p.provolatile <> 'i'))`;

const OBSTACLES_SQL = `
  WITH RECURSIVE ${TREE},
  used(oid) AS (
    SELECT a.atttypid FROM tree JOIN pg_catalog.pg_attribute a ON a.attrelid = tree.oid AND a.attnum > 0 AND NOT a.attisdropped
    UNION
    SELECT part.oid FROM used JOIN pg_catalog.pg_type t ON t.oid = used.oid, LATERAL (${TYPE_PARTS}) AS part(oid)),
  found(kind, object, catalog, item, relation) AS (
    SELECT CASE WHEN i.indisunique THEN 'unique index' ELSE 'index' END, i.indexrelid, 'class', '', i.indrelid
      FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid JOIN pg_catalog.pg_class ic ON ic.oid = i.indexrelid AND ic.relkind = 'i'
     WHERE NOT i.indisvalid AND i.indislive
    UNION ALL
    SELECT 'not valid', con.conrelid, 'class', con.conname::text, con.conrelid
      FROM tree JOIN pg_catalog.pg_constraint con ON con.conrelid = tree.oid
     WHERE NOT con.convalidated AND con.conparentid = 0 AND con.conislocal AND COALESCE((to_jsonb(con) ->> 'conenforced')::bool, true)
    UNION ALL
    SELECT 'detaching', i.inhrelid, 'class', '', i.inhparent FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid WHERE i.inhdetachpending
    UNION ALL
    SELECT 'domain not valid', con.contypid, 'type', con.conname::text, NULL
      FROM pg_catalog.pg_constraint con WHERE con.contypid IN (SELECT oid FROM used) AND NOT con.convalidated
    UNION ALL
    SELECT DISTINCT 'disabled', t.tgrelid, 'class', con.conname::text, con.conrelid
      FROM pg_catalog.pg_trigger t JOIN pg_catalog.pg_constraint con ON con.oid = t.tgconstraint AND con.contype = 'f'
     WHERE t.tgisinternal AND t.tgenabled <> 'O' AND con.confrelid IN (SELECT oid FROM tree)
    UNION ALL
    SELECT 'moment', COALESCE(NULLIF(con.conrelid, 0), con.contypid), CASE con.contypid WHEN 0 THEN 'class' ELSE 'type' END, con.conname::text, NULLIF(con.conrelid, 0)
      FROM pg_catalog.pg_constraint con
     WHERE con.contype = 'c' AND con.convalidated AND (con.conrelid IN (SELECT oid FROM tree) AND con.conislocal OR con.contypid IN (SELECT oid FROM used)) AND ${UNSTEADY})
  SELECT found.kind, COALESCE(cn.nspname, tn.nspname) AS schema, COALESCE(c.relname, t.typname) AS name, found.item,
         CASE WHEN found.relation IS NOT NULL THEN (SELECT pg_catalog.json_build_object('schema', n.nspname, 'name', r.relname)
            FROM pg_catalog.pg_class r JOIN pg_catalog.pg_namespace n ON n.oid = r.relnamespace WHERE r.oid = found.relation) END AS "table"
    FROM found
    LEFT JOIN pg_catalog.pg_class c ON found.catalog = 'class' AND c.oid = found.object LEFT JOIN pg_catalog.pg_namespace cn ON cn.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_type t ON found.catalog = 'type' AND t.oid = found.object LEFT JOIN pg_catalog.pg_namespace tn ON tn.oid = t.typnamespace
   ORDER BY 1, 2, 3, 4`;
