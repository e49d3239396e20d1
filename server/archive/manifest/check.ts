import { objectKey, qualifiedName } from '../../../db/model/model.ts';
import { chunkName, isChunkName } from '../names.ts';
import type { Manifest, ManifestEntry, ManifestTable } from './manifest.ts';

/**
 * Printable ASCII paths below the archive's root. No segment can be `.` or `..`, or hold characters special to a shell
 * or to Windows.
 */
const TEXT_NAME = /^(?!data\/)[A-Za-z0-9_%-][A-Za-z0-9._%-]*(\/[A-Za-z0-9_%-][A-Za-z0-9._%-]*)*$/;
const RESERVED = new Set(['manifest.json', 'manifest.sig']);
/** Largest ZIP entry that needs no ZIP64 fields of its own. */
const MAX_ENTRY_BYTES = 0xffff_fffe;

/**
 * Yields what a manifest of the right shape still gets wrong about itself: names, sums, numbering, keys. Yields nothing
 * when it is consistent. Works lazily, so a caller that takes only the first few saves the rest.
 */
export function* manifestFaults(manifest: Manifest): Generator<string> {
  const tables = new Map<string, KnownTable>();
  for (const table of manifest.tables) {
    const key = objectKey(table);
    if (tables.has(key)) yield `table ${qualifiedName(table)} is listed twice`;
    tables.set(key, known(table));
  }
  for (const table of tables.values()) yield* columnFaults(table, tables);
  for (const table of manifest.withoutRows ?? []) {
    if (tables.has(objectKey(table))) yield `table ${qualifiedName(table)} is listed with and without rows`;
    yield* columnFaults(known(table), tables);
  }
  yield* entryFaults(manifest.entries, tables);
  const records = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  if (records !== manifest.metadata.totalRecords)
    yield `metadata.totalRecords is ${manifest.metadata.totalRecords}, the tables hold ${records} rows`;
}

/** A table with the set of its column names, which every foreign key looks up. */
interface KnownTable {
  table: ManifestTable;
  columns: Set<string>;
}

function known(table: ManifestTable): KnownTable {
  return { table, columns: new Set(table.columns.map((column) => column.name)) };
}

function* entryFaults(entries: ManifestEntry[], tables: Map<string, KnownTable>): Generator<string> {
  const names = new Set<string>();
  const sums = new Map<string, { chunks: number; rows: number; bytes: number }>();
  for (const entry of entries) {
    // Folded, because some file systems would unzip both into one file.
    const folded = entry.name.toLowerCase();
    if (names.has(folded)) yield `entry ${entry.name} is listed twice`;
    names.add(folded);
    if (entry.size > MAX_ENTRY_BYTES || entry.storedSize > MAX_ENTRY_BYTES)
      yield `entry ${entry.name} is larger than 4 GiB`;
    if (entry.method === 'store' && entry.size !== entry.storedSize)
      yield `entry ${entry.name} is stored with another size`;
    if (entry.format === 'text') {
      if (entry.table || entry.rows > 0) yield `entry ${entry.name} is text and yet has a table or rows`;
      if (!TEXT_NAME.test(entry.name) || RESERVED.has(folded))
        yield `entry name ${JSON.stringify(entry.name)} is not allowed`;
      continue;
    }
    const key = entry.table && objectKey(entry.table);
    if (!entry.table || key === null || !tables.has(key)) {
      yield `chunk ${JSON.stringify(entry.name)} belongs to no table of the manifest`;
      continue;
    }
    const sum = sums.get(key) ?? { chunks: 0, rows: 0, bytes: 0 };
    sums.set(key, { chunks: sum.chunks + 1, rows: sum.rows + entry.rows, bytes: sum.bytes + entry.size });
    if (!isChunkName(entry.name, entry.table, sum.chunks + 1, entry.format))
      yield `chunk ${JSON.stringify(entry.name)} should be named ${chunkName(entry.table, sum.chunks + 1, entry.format)}`;
  }
  for (const [key, { table }] of tables) {
    const { rows, bytes } = sums.get(key) ?? { rows: 0, bytes: 0 };
    if (rows !== table.rows) yield `table ${qualifiedName(table)} has ${table.rows} rows, its chunks hold ${rows}`;
    if (bytes !== table.bytes) yield `table ${qualifiedName(table)} has ${table.bytes} bytes, its chunks hold ${bytes}`;
  }
}

function* columnFaults({ table, columns }: KnownTable, tables: Map<string, KnownTable>): Generator<string> {
  const where = qualifiedName(table);
  if (columns.size < table.columns.length) yield `table ${where} has a column twice`;
  function* missing(names: string[], what: string, of = columns): Generator<string> {
    for (const name of names)
      if (!of.has(name)) yield `${what} of table ${where} names column ${name}, which is not there`;
  }
  yield* missing(table.primaryKey?.columns ?? [], 'the primary key');
  for (const unique of table.uniques) yield* missing(unique.columns, `unique ${unique.name}`);
  for (const foreignKey of table.links) {
    yield* missing(foreignKey.columns, `foreign key ${foreignKey.name}`);
    if (foreignKey.columns.length !== foreignKey.targetColumns.length)
      yield `foreign key ${foreignKey.name} of table ${where} pairs unequal columns`;
    const target = tables.get(objectKey(foreignKey.target));
    if (target) yield* missing(foreignKey.targetColumns, `foreign key ${foreignKey.name}`, target.columns);
  }
}
