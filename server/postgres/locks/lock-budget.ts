import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';

/**
 * The lock budget of a server. The setting times the number of processes, N, is laid out at the start: N/2 objects and N holders of
 * them. The rest of the memory goes to whoever is first, in pieces, where an object takes as much as two holders.
 */
export interface LockBudget {
  /** Current `max_locks_per_transaction`. */
  setting: number;
  /** Number that the setting is multiplied by: connections, prepared transactions and processes. */
  processes: number;
  /** Locked objects, and holders of them, of other sessions in every database. */
  usedObjects: number;
  usedHolders: number;
}

/** Locks that one transaction, or several with the same ones, will hold at its end. */
export interface LockNeed {
  objects: number;
  holders: number;
}

/** Catalogs and their indexes that each transaction reads, and so keeps locked to its end; a tenth more than measured on 15 and 18. */
export const CATALOG_LOCKS = { backup: 115, restore: 60 };
/** Share of the whole left to others, and its least size. Each session that reads the catalog holds dozens of locks for a moment. */
const SPARE = 0.1;
const LEAST_SPARE = 40;
/**
 * Memory that pieces taken for objects, or for holders, may keep from the others: one piece in each of 32 partitions. Counted in holders.
 */
const PIECES_OF_OBJECTS = 32 * 48 * 2;
const PIECES_OF_HOLDERS = 32 * 51;
/** Factor by which the advised setting exceeds what is needed now. */
const HEADROOM = 1.125;

/** Reads the server's room for locks, and what other sessions use of it; this session's own locks do not count. */
export async function readLockBudget(session: Session): Promise<LockBudget> {
  const [budget] = await session.query<LockBudget>(BUDGET_SQL);
  return budget ?? { setting: 0, processes: 0, usedObjects: 0, usedHolders: 0 };
}

/** Returns true when the server has room for these locks with `spare` left to others, whether objects or holders take the memory first. */
export function fitsBudget(
  { setting, processes, usedObjects, usedHolders }: LockBudget,
  need: LockNeed,
  spare: number = SPARE,
): boolean {
  const whole = setting * processes;
  const laidOut = whole - Math.max(whole * spare, LEAST_SPARE);
  const objects = need.objects + usedObjects;
  const holders = need.holders + usedHolders;
  const moreObjects = Math.max(0, objects - laidOut / 2) * 2;
  const moreHolders = Math.max(0, holders - laidOut);
  const shared = laidOut * 2;
  const forHolders = Math.max(0, shared - moreObjects - PIECES_OF_OBJECTS);
  // Objects fill their places first, and so take the memory first, unless each object has several holders.
  const pieces = need.holders > need.objects ? PIECES_OF_HOLDERS : 0;
  return moreHolders <= forHolders && moreObjects <= Math.max(0, shared - moreHolders - pieces);
}

/** Describes what is short, for the middle of a sentence. */
export function describeShortage({ setting }: LockBudget, { objects }: LockNeed, what: string): string {
  return `${what} needs ${objects} locks at once, more than this server has room for (max_locks_per_transaction is ${setting})`;
}

/** Returns a hint with the setting that is enough: an eighth more than is needed now. */
export function budgetHint(budget: LockBudget, need: LockNeed): string {
  const { setting } = budget;
  let enough = setting + 1;
  while (!fitsBudget({ ...budget, setting: enough }, need) && budget.processes > 0) enough++;
  return `As a superuser run ALTER SYSTEM SET max_locks_per_transaction = ${Math.ceil(enough * HEADROOM)}; (it is ${setting} now) and restart the server; a hosted one has it among its parameters.`;
}

/**
 * Returns the locks that a backup holds after copying these tables, by number of sessions. Each session locks all tables, and the indexes
 * of those it copied.
 */
export async function backupLocks(session: Session, tables: ObjectName[]): Promise<(sessions: number) => LockNeed> {
  const [row] = await session.query<{ relations: number; indexes: number }>(BACKUP_SQL, [
    tables.map((table) => table.schema),
    tables.map((table) => table.name),
  ]);
  const { relations, indexes } = row ?? { relations: 0, indexes: 0 };
  return (sessions) => ({
    objects: relations + indexes + CATALOG_LOCKS.backup,
    holders: relations * sessions + indexes + CATALOG_LOCKS.backup,
  });
}

/** Returns the locks that the transaction of a restore into these tables holds before its commit. */
export async function restoreLocks(session: Session, tableOids: number[]): Promise<LockNeed> {
  const [row] = await session.query<{ objects: number }>(RESTORE_SQL, [tableOids]);
  const objects = (row?.objects ?? 0) + CATALOG_LOCKS.restore;
  return { objects, holders: objects };
}

// Settings are asked one by one, because their view computes all of them. Fast-path locks are kept elsewhere.
// autovacuum_worker_slots came with 18, which counts by it.
const BUDGET_SQL = `
  WITH setting AS (
    SELECT name, pg_catalog.current_setting(name, true)::int AS value
      FROM unnest(ARRAY['max_locks_per_transaction', 'max_connections', 'max_prepared_transactions', 'max_worker_processes', 'max_wal_senders', 'autovacuum_max_workers', 'autovacuum_worker_slots']) AS name
     WHERE pg_catalog.current_setting(name, true) IS NOT NULL),
  held AS (
    SELECT l.pid, l.virtualtransaction, concat_ws(' ', l.locktype, l.database, l.relation, l.page, l.tuple, l.virtualxid, l.transactionid, l.classid, l.objid, l.objsubid) AS object
      FROM pg_catalog.pg_locks l WHERE NOT l.fastpath AND l.mode <> 'SIReadLock' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid())
  SELECT (SELECT value FROM setting WHERE name = 'max_locks_per_transaction') AS setting,
         (SELECT sum(value)::int + 1 FROM setting WHERE name <> 'max_locks_per_transaction'
            AND NOT (name = 'autovacuum_max_workers' AND EXISTS (SELECT FROM setting WHERE name = 'autovacuum_worker_slots'))) AS processes,
         (SELECT count(DISTINCT object) FROM held)::int AS "usedObjects",
         (SELECT count(DISTINCT (pid, virtualtransaction, object)) FROM held)::int AS "usedHolders"`;

const CHILDREN = `SELECT i.inhrelid FROM tree JOIN pg_catalog.pg_inherits i ON i.inhparent = tree.oid`;

const BACKUP_SQL = `
  WITH RECURSIVE tree(oid) AS (
    SELECT c.oid FROM unnest($1::text[], $2::text[]) AS t(schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
    UNION ${CHILDREN})
  SELECT (SELECT count(*) FROM tree)::int AS relations,
         (SELECT count(*) FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid AND c.relkind = 'i')::int AS indexes`;

// A table, its indexes, its TOAST table and the index of that; whatever is dropped, each trigger of a foreign key included, and the index
// created in its place; tables outside that refer to it; owned sequences; the staging table.
const RESTORE_SQL = `
  WITH RECURSIVE root AS (SELECT oid FROM unnest($1::int8[]::oid[]) AS wanted(oid)),
  tree(oid) AS (SELECT oid FROM root UNION ${CHILDREN}),
  constrained AS (
    SELECT con.oid, con.conrelid, con.contype FROM pg_catalog.pg_constraint con
     WHERE con.conrelid IN (SELECT oid FROM tree) AND con.contype IN ('p', 'u') OR con.contype = 'f' AND (con.conrelid IN (SELECT oid FROM tree) OR con.confrelid IN (SELECT oid FROM tree)))
  SELECT ((SELECT count(*) FROM root)
        + (SELECT count(*) + 2 * count(*) FILTER (WHERE c.reltoastrelid <> 0) FROM tree JOIN pg_catalog.pg_class c ON c.oid = tree.oid)
        + (SELECT count(*) + count(*) FILTER (WHERE c.relkind = 'i' AND NOT c.relispartition) FROM tree JOIN pg_catalog.pg_index i ON i.indrelid = tree.oid JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid)
        + (SELECT count(*) + count(DISTINCT conrelid) FILTER (WHERE conrelid NOT IN (SELECT oid FROM tree)) FROM constrained)
        + (SELECT count(*) FROM pg_catalog.pg_trigger t JOIN constrained con ON con.oid = t.tgconstraint AND con.contype = 'f')
        + (SELECT count(*) FROM pg_catalog.pg_depend d JOIN pg_catalog.pg_class s ON s.oid = d.objid AND s.relkind = 'S'
            WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjid IN (SELECT oid FROM tree)))::int AS objects`;
