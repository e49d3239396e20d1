import type { Session } from '../../../db/connect/session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteLiteral } from '../../../db/model/quote.ts';

/** A session, process or prepared transaction in the way of a lock or of a rewrite. */
export interface Blocker {
  /** `hidden`: a session whose state this role may not see. `background`: a process of the server itself, such as autovacuum. */
  kind: 'session' | 'hidden' | 'background' | 'prepared transaction';
  /** The process to end; null for a prepared transaction, which has none. A parallel worker counts as its leader. */
  pid: number | null;
  /** The name of a prepared transaction. */
  gid: string | null;
  user: string | null;
  application: string | null;
  /** The process type of `pg_stat_activity`, where it can be seen. */
  backend: string | null;
  state: string | null;
  since: string | null;
  /** True when it waits for a lock itself; later requests wait behind it. */
  queued: boolean;
  /** The relations it holds or waits for, partitions by their own names. */
  relations: string[];
}

/**
 * Returns what blocks an ACCESS EXCLUSIVE lock on these tables or sequences, their partitions and inheritance children; with
 * `writers`, an EXCLUSIVE lock, which leaves readers alone. With `share`, returns what blocks an ACCESS SHARE lock: holders of ACCESS EXCLUSIVE, those
 * who wait for it, and those they wait for.
 */
export async function lockHolders(
  session: Session,
  objects: ObjectName[],
  wanted: 'exclusive' | 'writers' | 'share' = 'exclusive',
): Promise<Blocker[]> {
  return session.query<Blocker>(HOLDERS_SQL, [
    objects.map((object) => object.schema),
    objects.map((object) => object.name),
    wanted,
  ]);
}

/** SQL: the fields of a `Blocker` for the process `a`. */
const KIND = `CASE WHEN a.usesysid IS NULL OR a.backend_type NOT IN ('client backend', 'parallel worker') THEN 'background'
                   WHEN a.query = '<insufficient privilege>' THEN 'hidden' ELSE 'session' END`;
const PROCESS = `a.usename AS "user", NULLIF(a.application_name, '') AS application, a.backend_type AS backend, a.state, a.xact_start::text AS since`;

// A lock of a prepared transaction has no process; its virtual transaction also holds a lock on the number of the real one.
const HOLDERS_SQL = `
  WITH RECURSIVE wanted(oid) AS (
    SELECT c.oid FROM unnest($1::text[], $2::text[]) AS t(schema, name)
      JOIN pg_catalog.pg_namespace n ON n.nspname = t.schema JOIN pg_catalog.pg_class c ON c.relnamespace = n.oid AND c.relname = t.name
    UNION
    SELECT i.inhrelid FROM wanted JOIN pg_catalog.pg_inherits i ON i.inhparent = wanted.oid),
  held AS (
    SELECT l.pid, l.virtualtransaction, l.relation, l.granted, l.mode
      FROM pg_catalog.pg_locks l JOIN pg_catalog.pg_database d ON d.oid = l.database AND d.datname = current_database()
     WHERE l.locktype = 'relation' AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() AND l.relation IN (SELECT oid FROM wanted)),
  blocking AS (
    SELECT h.* FROM held h
     WHERE CASE $3 WHEN 'exclusive' THEN h.granted WHEN 'writers' THEN h.granted AND h.mode <> 'AccessShareLock' ELSE h.mode = 'AccessExclusiveLock'
                  OR (h.granted AND EXISTS (SELECT FROM held q WHERE q.relation = h.relation AND q.mode = 'AccessExclusiveLock' AND NOT q.granted AND q.pid IS DISTINCT FROM h.pid)) END),
  named AS (
    SELECT COALESCE(a.leader_pid, b.pid) AS pid, CASE WHEN b.pid IS NULL THEN b.virtualtransaction END AS prepared, b.granted,
           CASE n.nspname WHEN 'public' THEN '' ELSE n.nspname || '.' END || c.relname AS relation
      FROM blocking b JOIN pg_catalog.pg_class c ON c.oid = b.relation JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = b.pid),
  grouped AS (
    SELECT pid, prepared, NOT bool_or(granted) AS queued, array_agg(DISTINCT relation ORDER BY relation) AS relations FROM named GROUP BY pid, prepared)
  SELECT ${KIND} AS kind, g.pid, NULL AS gid, ${PROCESS}, g.queued, g.relations
    FROM grouped g JOIN pg_catalog.pg_stat_activity a ON a.pid = g.pid
  UNION ALL
  SELECT 'prepared transaction', NULL, p.gid, p.owner, NULL, NULL, NULL, p.prepared::text, false, g.relations
    FROM grouped g JOIN pg_catalog.pg_locks x ON x.locktype = 'transactionid' AND x.pid IS NULL AND x.virtualtransaction = g.prepared
    JOIN pg_catalog.pg_prepared_xacts p ON p.transaction::text = x.transactionid::text
   ORDER BY 2, 3`;

/**
 * Returns sessions that keep a snapshot older than this session's commit: they would see the emptied tables empty, and all others as
 * before. A transaction in REPEATABLE READ or SERIALIZABLE keeps its snapshot to the end, one in READ COMMITTED as long as a cursor is
 * open. Shows sessions of other roles only to members of pg_read_all_stats.
 */
export async function olderSnapshots(session: Session, horizon: string): Promise<Blocker[]> {
  // READ COMMITTED takes a new snapshot after a wait for a lock: one older than `horizon` is not of that kind.
  return session.query<Blocker>(
    `SELECT ${KIND} AS kind, a.pid, NULL AS gid, ${PROCESS}, false AS queued, '{}'::text[] AS relations
       FROM pg_catalog.pg_stat_activity a
      WHERE a.datname = current_database() AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type = 'client backend' AND a.backend_xmin IS NOT NULL
        AND (a.state LIKE 'idle in transaction%'
             OR (a.state = 'active' AND a.query_start > a.xact_start
                 AND (a.wait_event_type IS DISTINCT FROM 'Lock' OR pg_catalog.age(a.backend_xmin) > pg_catalog.age($1::xid))))
      ORDER BY a.pid`,
    [horizon],
  );
}

/** Describes the blockers, for the end of a sentence. */
export function describeBlockers(blockers: Blocker[]): string {
  return blockers.map(describe).join('; ') || 'sessions that are gone by now';
}

function describe(blocker: Blocker): string {
  const { kind, pid, gid, user, application, backend, state, since } = blocker;
  const on = blocker.relations.length > 0 ? ` on ${someOf(blocker.relations)}` : '';
  const from = since === null ? '' : ` since ${since}`;
  if (kind === 'prepared transaction')
    return `the prepared transaction ${quoteLiteral(gid ?? '').trim()} of ${user ?? 'nobody known'}${on}, prepared${from}`;
  const who = `pid ${pid}${application === null ? '' : ` (${application})`}`;
  if (kind === 'background') return `${who}${on}, ${backend ?? 'a process of the server itself, perhaps autovacuum'}`;
  if (kind === 'hidden') return `${who} of ${user}${on}, at what this role may not see`;
  return `${who} of ${user}${on}, ${blocker.queued ? 'waits for the table itself' : (state ?? 'state unknown')}${from}`;
}

/** Says how to end each kind of blocker, with the statements. */
export function blockersHint(blockers: Blocker[], again: string): string {
  const of = (kind: Blocker['kind']) => blockers.filter((blocker) => blocker.kind === kind);
  const sessions = [...of('session'), ...of('hidden')].filter(({ queued }) => !queued);
  const idle = sessions.filter(({ state }) => state?.startsWith('idle in transaction'));
  const working = sessions.filter((blocker) => !idle.includes(blocker));
  return [
    ...of('prepared transaction')
      .slice(0, 5)
      .map(
        ({ gid, user }) =>
          `A prepared transaction stays until somebody ends it, restarts of the server included: in this database, as ${quoteIdent(user ?? '')} or a superuser, run ROLLBACK PREPARED ${quoteLiteral(gid ?? '').trim()}; or COMMIT PREPARED ${quoteLiteral(gid ?? '').trim()};`,
      ),
    idle.length > 0 &&
      `A session that is idle in a transaction does nothing and holds its locks until its program goes on: ${ended(idle)}`,
    working.length > 0 && `Let the sessions at work finish, or end them: ${ended(working)}`,
    of('background').length > 0 &&
      'A process of the server ends by itself, autovacuum when it is done with the table; a superuser may stop its work with SELECT pg_cancel_backend(pid).',
    blockers.length > 0 ? `Then ${again}` : `${again[0]?.toUpperCase()}${again.slice(1)}`,
  ]
    .filter((part) => typeof part === 'string')
    .join(' ');
}

function ended(sessions: Blocker[]): string {
  const users = [...new Set(sessions.map(({ user }) => quoteIdent(user ?? '')))];
  return `${sessions
    .slice(0, 5)
    .map(({ pid }) => `SELECT pg_terminate_backend(${pid});`)
    .join(' ')} (as ${users.slice(0, 3).join(', ')} or a superuser).`;
}

function someOf(relations: string[]): string {
  return relations.length > 3
    ? `${relations.slice(0, 3).join(', ')} and ${relations.length - 3} more`
    : relations.join(', ');
}
