import type { Session } from '../../../db/connect/session.ts';
import { type ObjectName, qualifiedName } from '../../../db/model/model.ts';
import { quoteName } from '../../../db/model/quote.ts';
import type { LiveLeaf } from '../catalog/catalog.ts';

/** A table that must hold exactly these rows, all of them put there by the rewrite. */
interface FilledTable {
  live: ObjectName & { leaves: LiveLeaf[] };
  rows: number;
}

/** Detects rows that anything but the rewrite wrote inside its transaction: triggers, event triggers, functions. */
export interface WriteWatch {
  /** Call when the last row is in place. */
  filled(): Promise<void>;
  /** Counts every table again and describes what differs from how it was filled; returns an empty list when nothing does. */
  faults(): Promise<string[]>;
}

/**
 * Starts to watch tables that were just emptied. The server's counters of this transaction show every insert, update and delete, also one
 * row exchanged for another. Where they are off, it compares the commands that wrote the rows.
 */
export async function watchWrites(session: Session, tables: FilledTable[]): Promise<WriteWatch> {
  const leaves = tables.flatMap(({ live }) => live.leaves.filter((leaf) => !leaf.foreign));
  const emptied = await readWrites(session, leaves);
  const commands = new Map<number, string>();
  const uncounted = leaves.filter((leaf) => leaf.heap && emptied.get(leaf.oid)?.counted !== true);
  return {
    async filled() {
      for (const leaf of uncounted) commands.set(leaf.oid, await commandsOf(session, leaf));
    },
    async faults() {
      const now = await readWrites(session, leaves);
      const faults: string[] = [];
      for (const { live, rows } of tables) {
        const counted = await countLocalRows(session, live);
        let inserted: number | null = 0;
        let touched = false;
        for (const leaf of live.leaves.filter(({ foreign }) => !foreign)) {
          const [before, after] = [emptied.get(leaf.oid), now.get(leaf.oid)];
          if (!before || !after || before.storage !== after.storage) touched = true;
          else if (before.counted && leaf.heap) {
            if (inserted !== null) inserted += after.inserted - before.inserted;
            touched ||= before.updated !== after.updated || before.deleted !== after.deleted;
          } else {
            inserted = null;
            if (leaf.heap) touched ||= (await commandsOf(session, leaf)) !== commands.get(leaf.oid);
          }
        }
        if (counted !== rows)
          faults.push(`${qualifiedName(live)} would hold ${counted} rows where the backup has ${rows}`);
        else if (touched || (inserted !== null && inserted !== rows))
          faults.push(`rows of ${qualifiedName(live)} were changed after they were put in place`);
      }
      return faults;
    },
  };
}

/** A table of which some rows change, and what this transaction writes to it for that. */
interface ChangingRows extends FilledTable {
  inserted: number;
  updated: number;
  deleted: number;
}

/** Starts to watch tables before their rows change. The server must count what is written. */
export async function watchChanges(session: Session, tables: ChangingRows[]): Promise<Pick<WriteWatch, 'faults'>> {
  const leaves = tables.flatMap(({ live }) => live.leaves.filter((leaf) => !leaf.foreign));
  const before = await readWrites(session, leaves);
  return {
    async faults() {
      const now = await readWrites(session, leaves);
      const faults: string[] = [];
      for (const { live, rows, inserted, updated, deleted } of tables) {
        const counted = await countLocalRows(session, live);
        const written = { inserted: -inserted, updated: -updated, deleted: -deleted };
        for (const leaf of live.leaves.filter(({ foreign }) => !foreign))
          for (const what of ['inserted', 'updated', 'deleted'] as const)
            written[what] += (now.get(leaf.oid)?.[what] ?? 0) - (before.get(leaf.oid)?.[what] ?? 0);
        const others = Object.values(written).some((rest) => rest !== 0);
        if (counted !== rows)
          faults.push(`${qualifiedName(live)} would hold ${counted} rows where the backup has ${rows}`);
        else if (others) faults.push(`rows of ${qualifiedName(live)} were changed besides those that differ`);
      }
      return faults;
    },
  };
}

/** Returns the tables that this transaction has written to, by the server's counters; none where these are off. */
export async function writtenTables(session: Session, leaves: LiveLeaf[], before: Writes): Promise<LiveLeaf[]> {
  const after = await readWrites(session, leaves);
  const sum = (writes: LeafWrites | undefined) =>
    writes && `${writes.storage} ${writes.inserted} ${writes.updated} ${writes.deleted}`;
  return leaves.filter((leaf) => sum(before.get(leaf.oid)) !== sum(after.get(leaf.oid)));
}

export type Writes = Map<number, LeafWrites>;
interface LeafWrites {
  oid: number;
  /** File node, which changes when the table is truncated or rewritten. */
  storage: string | null;
  counted: boolean;
  inserted: number;
  updated: number;
  deleted: number;
}

/** Reads the server's counters of this session's unreported writes. Inside a transaction they only grow, except by TRUNCATE. */
export async function readWrites(session: Session, leaves: LiveLeaf[]): Promise<Writes> {
  const rows = await session.query<LeafWrites>(
    `SELECT c.oid::int8::float8 AS oid, pg_catalog.pg_relation_filenode(c.oid)::text AS storage,
            current_setting('track_counts')::bool AS counted, pg_catalog.pg_stat_get_xact_tuples_inserted(c.oid)::float8 AS inserted,
            pg_catalog.pg_stat_get_xact_tuples_updated(c.oid)::float8 AS updated, pg_catalog.pg_stat_get_xact_tuples_deleted(c.oid)::float8 AS deleted
       FROM pg_catalog.pg_class c WHERE c.oid = ANY ($1::int8[]::oid[])`,
    [leaves.map((leaf) => leaf.oid)],
  );
  return new Map(rows.map((row) => [row.oid, row]));
}

/** Counts the rows of a table without those that are on another server. */
export async function countLocalRows(session: Session, { leaves }: { leaves: LiveLeaf[] }): Promise<number> {
  let rows = 0;
  for (const leaf of leaves.filter(({ foreign }) => !foreign)) {
    const [row] = await session.query<{ rows: number }>(`SELECT count(*)::float8 AS rows FROM ONLY ${quoteName(leaf)}`);
    rows += row?.rows ?? 0;
  }
  return rows;
}

/** Counts the rows left by each command of this transaction; a later command has a number of its own. */
async function commandsOf(session: Session, leaf: ObjectName): Promise<string> {
  const rows = await session.query<{ command: string; rows: string }>(
    `SELECT cmin::text AS command, count(*)::text AS rows FROM ONLY ${quoteName(leaf)} GROUP BY cmin`,
  );
  return rows
    .map(({ command, rows: count }) => `${command}:${count}`)
    .sort()
    .join(' ');
}
