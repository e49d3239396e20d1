import type { CopyEncoding } from '../../db/connect/copy-encoding.ts';
import { type ObjectName, qualifiedName, storedColumns } from '../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../db/model/quote.ts';
import type { LiveTable } from './catalog/catalog.ts';

/** The part of a table that one COPY statement reads. */
export interface CopyPart {
  table: ObjectName;
  /** The relation that stores the rows: the table, or a partition of it. */
  leaf: ObjectName & { oid: number };
  sql: string;
  /** The CSV header line, including its newline. */
  header: Uint8Array;
  /** Column names in COPY order. */
  columns: string[];
  /** Columns of the primary key; empty without one. */
  key: string[];
  encoding: CopyEncoding;
  /** Heap bytes, for progress; 0 where unknown. */
  bytes: number;
}

const BLOCK_BYTES = 8192;
/** Blocks per part: few enough that two workers end together, enough that the short last chunk of each part does not matter. */
const PART_BLOCKS = (48 * 1024 * 1024) / BLOCK_BYTES;

/**
 * Cuts tables into parts, largest first; big heaps are cut by block ranges. The last range has no upper bound, so it includes rows in
 * blocks added after the size was read.
 */
export function planParts(tables: LiveTable[], encoding: CopyEncoding): CopyPart[] {
  const parts = tables.flatMap((table) => {
    const columns = storedColumns(table).map(({ name }) => name);
    const select = `SELECT ${columns.map(quoteIdent).join(', ')} FROM ONLY`;
    const shared = {
      table: { schema: table.schema, name: table.name },
      header: csvHeader(columns),
      columns,
      encoding,
      key: table.primaryKey?.columns ?? [],
    };
    // A foreign partition is outside the snapshot, and no restore writes to it.
    const local = table.leaves.filter((leaf) => !leaf.foreign);
    return local.flatMap((leaf) =>
      blockRanges(leaf).map(
        ({ where, bytes }): CopyPart => ({
          ...shared,
          leaf,
          bytes,
          sql: `COPY (${select} ${quoteName(leaf)}${where}) TO STDOUT (FORMAT csv, ENCODING '${encoding}')`,
        }),
      ),
    );
  });
  return parts.sort((a, b) => b.bytes - a.bytes || qualifiedName(a.table).localeCompare(qualifiedName(b.table)));
}

function blockRanges(leaf: { bytes: number; heap: boolean }): { where: string; bytes: number }[] {
  const blocks = Math.floor(leaf.bytes / BLOCK_BYTES);
  const count = leaf.heap ? Math.max(1, Math.ceil(blocks / PART_BLOCKS)) : 1;
  if (count === 1) return [{ where: '', bytes: leaf.bytes }];
  return Array.from({ length: count }, (_, index) => {
    const from = Math.floor((blocks * index) / count);
    const to = Math.floor((blocks * (index + 1)) / count);
    const upper = index < count - 1 ? ` AND ctid < '(${to},0)'::tid` : '';
    return { where: ` WHERE ctid >= '(${from},0)'::tid${upper}`, bytes: (to - from) * BLOCK_BYTES };
  });
}

function csvHeader(columns: string[]): Uint8Array {
  const fields = columns.map((name) => (/^\w+$/.test(name) ? name : `"${name.replaceAll('"', '""')}"`));
  return new TextEncoder().encode(`${fields.join(',')}\n`);
}
