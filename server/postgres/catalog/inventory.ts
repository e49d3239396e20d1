import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';

/** One relation that could hold data, or that a schema may take for a table. */
export interface Relation extends ObjectName {
  oid: number;
  kind: 'table' | 'foreign table' | 'view' | 'materialised view' | 'sequence';
  /** True when the server itself empties it after a crash. */
  unlogged: boolean;
  /** The extension it is a member of. */
  extension: string | null;
  /** Condition for the rows of an extension's table that the extension marks as the user's; empty for all rows, null for none. */
  keptRows: string | null;
  /** True when this role may read it. */
  readable: boolean;
  /** The statements that would let this role read it. */
  grant: string;
  /** The topmost table, for a partition. */
  root: number | null;
  /** The table that a sequence belongs to. */
  owner: number | null;
}

/** Everything in a database that holds data. */
export interface Inventory {
  relations: Relation[];
  /** Number of large objects; bytes are the server's storage for all of them. */
  largeObjects: { count: number; bytes: number };
}

/**
 * Reads the names of everything that holds data, in any schema, except temporary relations and those of the server itself. Reads no
 * definition, so that it waits for no lock.
 */
export async function readInventory(session: Pick<Session, 'query'>): Promise<Inventory> {
  const rows = await session.query<Omit<Relation, 'grant'> & { role: string; schemaUsable: boolean }>(RELATIONS_SQL);
  const [objects] = await session.query<{ count: number; bytes: number }>(
    `SELECT count(*)::float8 AS count, pg_catalog.pg_table_size('pg_catalog.pg_largeobject')::float8 AS bytes
       FROM pg_catalog.pg_largeobject_metadata`,
  );
  return {
    relations: rows.map(({ role, schemaUsable, ...relation }) => ({
      ...relation,
      readable: relation.readable && schemaUsable,
      grant: [
        ...(schemaUsable ? [] : [`GRANT USAGE ON SCHEMA ${quoteIdent(relation.schema)} TO ${quoteIdent(role)};`]),
        ...(relation.readable
          ? []
          : [
              `GRANT SELECT ON ${relation.kind === 'sequence' ? 'SEQUENCE ' : ''}${quoteName(relation)} TO ${quoteIdent(role)};`,
            ]),
      ].join(' '),
    })),
    largeObjects: objects ?? { count: 0, bytes: 0 },
  };
}

/** Limit up to which rows are counted. */
export const COUNTED_ROWS = 100_000;

/**
 * Counts the rows of extension tables, by oid: those the extension marks as the user's or, where it marks none, at most one row. Null
 * where they could not be counted. The session must not be in a transaction.
 */
export async function countExtensionRows(
  session: Session,
  { relations }: Inventory,
): Promise<ReadonlyMap<number, number | null>> {
  const counted = new Map<number, number | null>();
  for (const relation of relations.filter(({ extension, kind }) => extension !== null && kind === 'table'))
    counted.set(relation.oid, relation.readable ? await countRows(session, relation) : null);
  return counted;
}

/** Counts rows by the extension's own condition, as `pg_dump` does. The condition may only read, and not for long. */
async function countRows(session: Session, relation: Relation): Promise<number | null> {
  const limit = relation.keptRows === null ? 1 : COUNTED_ROWS;
  try {
    await session.query('BEGIN READ ONLY');
    await session.query(`SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '10s'`);
    const [row] = await session.query<{ rows: number }>(
      `SELECT count(*)::float8 AS rows FROM (SELECT FROM ${quoteName(relation)} ${relation.keptRows ?? ''} LIMIT ${limit}) AS found`,
    );
    return row?.rows ?? null;
  } catch (error) {
    if (session.signal.aborted) throw error;
    return null;
  } finally {
    if (!session.signal.aborted) await session.query('ROLLBACK');
  }
}

// Oids below 16384 are those of the server's own objects. to_jsonb is not needed: every column here is older than 14.
const RELATIONS_SQL = `
  SELECT n.nspname AS schema, c.relname AS name, c.oid::int8::float8 AS oid,
         CASE c.relkind WHEN 'f' THEN 'foreign table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialised view' WHEN 'S' THEN 'sequence' ELSE 'table' END AS kind,
         c.relpersistence = 'u' AS unlogged, member.extension, member.kept AS "keptRows",
         CASE WHEN c.relispartition THEN pg_catalog.pg_partition_root(c.oid)::oid::int8::float8 END AS root,
         (SELECT d.refobjid::int8::float8 FROM pg_catalog.pg_depend d
           WHERE c.relkind = 'S' AND d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
             AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') LIMIT 1) AS owner,
         current_user AS role, pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS "schemaUsable",
         CASE c.relkind WHEN 'S' THEN pg_catalog.has_sequence_privilege(c.oid, 'SELECT') ELSE pg_catalog.has_table_privilege(c.oid, 'SELECT') END AS readable
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN LATERAL (
      SELECT e.extname AS extension, (SELECT k.condition FROM unnest(e.extconfig, e.extcondition) AS k(oid, condition) WHERE k.oid = c.oid LIMIT 1) AS kept
        FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
       WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.refclassid = 'pg_catalog.pg_extension'::regclass AND d.deptype = 'e'
       LIMIT 1) AS member ON true
   WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S') AND c.relpersistence <> 't' AND c.oid >= 16384 AND n.nspname !~ '^pg_(toast|temp)'
   ORDER BY 1, 2`;
