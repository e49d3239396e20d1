import { FORMAT_VERSION, type Manifest, type ManifestEntry, type ManifestTable } from './manifest/manifest.ts';
import { createArchiveWriter } from './writer.ts';

export const SAMPLE_TIME = new Date('2026-11-23T09:30:15.123Z');
export const forever = (): AbortSignal => new AbortController().signal;

export interface SampleChunk {
  table: string;
  format?: 'csv' | 'copy';
  rows: number;
  content: string | Uint8Array;
}

/** Two tables, three chunks, one of them COPY text. */
export const SAMPLE_CHUNKS: SampleChunk[] = [
  { table: 'staff', rows: 2, content: 'id,name\n1,Adaeze\n2,"Bola, ""the second"""\n' },
  { table: 'loans', rows: 1, content: 'id,name\n7,\n' },
  { table: 'staff', rows: 2, format: 'copy', content: '3\ta\\n\\\\.\\nb\n4\t\\N\n' },
];

export interface SampleOptions {
  method?: 'deflate' | 'zstd';
  chunks?: SampleChunk[];
  texts?: Record<string, string>;
  /** Changes the manifest last, before it is written. */
  change?: (manifest: Manifest) => Manifest;
}

/** Returns a whole archive in memory, made by the writer itself. */
export async function sampleArchive(
  options: SampleOptions = {},
): Promise<{ bytes: Uint8Array; manifest: Manifest; digest: string }> {
  const { method = 'deflate', chunks = SAMPLE_CHUNKS, texts = { 'README.txt': 'Read me.\n' } } = options;
  const sink = memorySink();
  const writer = createArchiveWriter({ sink, compression: { method }, time: SAMPLE_TIME, signal: forever() });
  for (const { table, format = 'csv', rows, content } of chunks) {
    await writer.addChunk({ table: { schema: 'public', name: table }, format, rows, content: Buffer.from(content) });
  }
  for (const [name, text] of Object.entries(texts)) await writer.addText(name, text);
  const manifest = sampleManifest(writer.entries);
  const { digest } = await writer.finish(options.change?.(manifest) ?? manifest);
  return { bytes: sink.bytes(), manifest, digest };
}

/**
 * Returns a manifest that fits these entries, with one table of text columns `id` and `name` for each table they name.
 */
export function sampleManifest(entries: ManifestEntry[]): Manifest {
  const names = [...new Set(entries.flatMap((entry) => entry.table?.name ?? []))];
  const tables = names.map((name) => sampleTable(name, entries));
  return {
    formatVersion: FORMAT_VERSION,
    metadata: {
      version: '0.0.0',
      timestamp: SAMPLE_TIME.toISOString(),
      databaseUrl: 'postgresql://localhost/palace',
      totalRecords: tables.reduce((sum, table) => sum + table.rows, 0),
      backupId: '6f9619ff-8b86-4d01-b42d-00cf4fc964ff',
      createdBy: 'test',
    },
    kind: 'full',
    application: { name: 'Palace Backup', version: '0.0.0' },
    server: { version: '18.0', versionNum: 180000, encoding: 'UTF8', database: 'palace' },
    schemaFingerprint: 'ab'.repeat(32),
    types: [],
    tables,
    cycles: [],
    sequences: [],
    leftOut: [],
    unknown: { tables: [], columns: [] },
    warnings: [],
    entries,
  };
}

function sampleTable(name: string, entries: ManifestEntry[]): ManifestTable {
  const chunks = entries.filter((entry) => entry.table?.name === name);
  const column = (column: string) => ({
    name: column,
    key: column,
    sqlType: 'text',
    notNull: false,
    defaultSql: null,
    generated: null,
    identity: null,
  });
  return {
    schema: 'public',
    name,
    key: name,
    columns: [column('id'), column('name')],
    primaryKey: null,
    uniques: [],
    links: [],
    rows: chunks.reduce((sum, chunk) => sum + chunk.rows, 0),
    bytes: chunks.reduce((sum, chunk) => sum + chunk.size, 0),
  };
}

export function memorySink(): { write(bytes: Uint8Array): Promise<void>; bytes(): Uint8Array } {
  const pieces: Uint8Array[] = [];
  return { write: async (bytes) => void pieces.push(new Uint8Array(bytes)), bytes: () => Buffer.concat(pieces) };
}
