import { copyEncoding } from '../../../db/connect/copy-encoding.ts';
import type { Session } from '../../../db/connect/session.ts';
import { qualifiedName, storedColumns } from '../../../db/model/model.ts';
import { sha256Hex } from '../../archive/codec.ts';
import type { Archive } from '../../archive/reader.ts';
import { chunkForms } from '../../archive/rows/chunk-forms.ts';
import type { OnProgress } from '../../core/progress.ts';
import { readEncoding } from '../../postgres/catalog/encoding.ts';
import { planParts } from '../../postgres/copy-parts.ts';
import { copyTables } from '../../postgres/copy-tables.ts';
import type { Snapshot } from '../../postgres/snapshot.ts';
import type { PlannedTable } from '../plan.ts';

/**
 * Returns the tables whose rows are those of the archive, byte for byte. They are read as a backup would read them, and the hash of each
 * chunk is looked up in the manifest. A table missing from the result may be equal all the same: its rows may lie in another order.
 */
export async function findEqualTables(
  archive: Archive,
  tables: PlannedTable[],
  snapshot: Snapshot,
  options: { jobs: number; signal: AbortSignal; onProgress: OnProgress },
): Promise<Set<PlannedTable>> {
  const encoding = await sharedEncoding(archive, snapshot.leader);
  if (encoding === null) return new Set();
  const hopeful = new Map(
    tables.filter(hasSameColumns).map((table) => [qualifiedName(table.live), new ExpectedChunks(archive, table)]),
  );
  const parts = planParts(
    [...hopeful.values()].map(({ table }) => table.live),
    encoding,
  );
  const totalBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  let rows = 0;
  let bytes = 0;
  await copyTables(parts, snapshot, {
    connections: options.jobs,
    signal: options.signal,
    doing: 'The comparison',
    isWanted: (part) => hopeful.get(qualifiedName(part.table))?.fits === true,
    async take(part, content, taken) {
      hopeful.get(qualifiedName(part.table))?.take(content, taken);
      rows += taken;
    },
    onRead(part) {
      bytes += part.bytes;
      options.onProgress({ stage: 'compare', rows, bytes, totalBytes, table: qualifiedName(part.table) });
    },
  });
  return new Set([...hopeful.values()].filter((chunks) => chunks.areAllTaken()).map(({ table }) => table));
}

/** Returns the encoding in which both sides write text; null when they differ, since the same text then has other bytes. */
async function sharedEncoding({ manifest }: Archive, leader: Session) {
  const live = await readEncoding(leader);
  return live === manifest.server.encoding ? copyEncoding(live, live) : null;
}

function hasSameColumns({ archived, live }: PlannedTable): boolean {
  const today = storedColumns(live).map(({ name }) => name);
  return JSON.stringify(today) === JSON.stringify(storedColumns(archived).map(({ name }) => name));
}

/** The chunks of one table that live has not shown yet. */
class ExpectedChunks {
  /** False as soon as live showed a chunk that the archive lacks. */
  fits = true;
  readonly table: PlannedTable;
  private readonly left = new Map<string, number>();

  constructor(archive: Archive, table: PlannedTable) {
    this.table = table;
    for (const { sha256 } of archive.chunks(table.archived)) this.left.set(sha256, (this.left.get(sha256) ?? 0) + 1);
  }

  take(content: Uint8Array, rows: number): void {
    for (const form of this.fits ? chunkForms(content, rows, this.table.columns.length) : [])
      this.takeChunk(form.content);
  }

  private takeChunk(content: Uint8Array): void {
    const hash = sha256Hex(content);
    const left = this.left.get(hash) ?? 0;
    if (left === 0) this.fits = false;
    else if (left === 1) this.left.delete(hash);
    else this.left.set(hash, left - 1);
  }

  areAllTaken(): boolean {
    return this.fits && this.left.size === 0;
  }
}
