import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as hrmsSchema from '../../../db/hrms/schema.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { FORMAT_VERSION, type Manifest } from '../../../server/archive/manifest/manifest.ts';
import { createArchiveWriter } from '../../../server/archive/writer.ts';
import { APPLICATION } from '../../../server/core/application.ts';
import { forEachConcurrent } from '../../../server/core/concurrent-map.ts';

const DAY_MS = 86_400_000;
const MODEL = modelFromSchema(hrmsSchema);
const TABLE = MODEL.tables.find(({ key }) => key === 'categories') ?? MODEL.tables[0];
/** Number of archives written concurrently. */
const CONCURRENT_WRITES = 8;

/** Returns the facts of the archive of this number: its name, its time, and its number of rows. */
export function archiveOf(number: number, newest: Date) {
  const time = new Date(newest.getTime() - number * DAY_MS);
  const name = `nightly_${time.toISOString().slice(0, 10)}.zip`;
  return { name, time, rows: 1 + (number % 89) };
}

/**
 * Writes that many archives of the HRMS's tables into a folder, one for each day back from `newest`: small, whole, all different. Uses the
 * real writer, but not the storage, which would wait for the disk ten thousand times.
 */
export async function writeManyArchives(
  folder: string,
  options: { count: number; newest: Date; signal: AbortSignal },
): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const numbers = Array.from({ length: options.count }, (_, number) => number);
  await forEachConcurrent(CONCURRENT_WRITES, numbers, (number) => writeOne(folder, number, options));
}

async function writeOne(
  folder: string,
  number: number,
  { newest, signal }: { newest: Date; signal: AbortSignal },
): Promise<void> {
  const { name, time, rows } = archiveOf(number, newest);
  const pieces: Uint8Array[] = [];
  const sink = { write: async (bytes: Uint8Array) => void pieces.push(bytes.slice()) };
  const writer = createArchiveWriter({ sink, compression: { method: 'deflate', level: 1 }, time, signal });
  if (TABLE) {
    const line = `${TABLE.columns.map(() => 'x').join(',')}\n`;
    const content = Buffer.from(`${TABLE.columns.map((column) => column.name).join(',')}\n${line.repeat(rows)}`);
    await writer.addChunk({ table: TABLE, format: 'csv', rows, content });
  }
  await writer.finish(manifestOf(time, rows, writer.entries));
  await writeFile(join(folder, name), Buffer.concat(pieces));
}

function manifestOf(time: Date, rows: number, entries: Manifest['entries']): Manifest {
  const held = (key: string) => (key === TABLE?.key ? { rows, bytes: entries[0]?.size ?? 0 } : { rows: 0, bytes: 0 });
  return {
    formatVersion: FORMAT_VERSION,
    metadata: {
      version: APPLICATION.version,
      timestamp: time.toISOString(),
      databaseUrl: 'postgresql://db.example/hrms',
      totalRecords: rows,
      backupId: crypto.randomUUID(),
      createdBy: 'root@db1 (command line)',
    },
    kind: 'full',
    application: APPLICATION,
    server: { version: '17.6', versionNum: 170006, encoding: 'UTF8', database: 'hrms' },
    schemaFingerprint: MODEL.fingerprint,
    types: [],
    tables: MODEL.tables.map(({ foreignKeys: links, ...table }) => ({ ...table, links, ...held(table.key) })),
    cycles: [],
    sequences: [],
    leftOut: [],
    unknown: { tables: [], columns: [] },
    warnings: [],
    entries,
  };
}
