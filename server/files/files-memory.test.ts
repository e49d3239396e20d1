import { expect, test } from 'bun:test';
import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { testDatabase } from '../../db/testing/database.ts';
import { forever, SAMPLE_TIME, sampleManifest } from '../archive/sample.fixture.ts';
import { createArchiveWriter } from '../archive/writer.ts';
import { upload } from '../client/upload.ts';
import { createLocalStorage } from '../storage/local/local.ts';
import { FILES_SERVER_SCRIPT } from './files-memory.fixture.ts';

const MEBIBYTE = 1024 * 1024;

/** Makes an archive of chunks of about eight megabytes, which are hardly smaller than their rows. Returns its path. */
async function archiveOf(chunks: number, folder: string): Promise<string> {
  const storage = createLocalStorage(folder);
  const line = (id: number) => `${id},${Buffer.from(crypto.getRandomValues(new Uint8Array(768))).toString('base64')}\n`;
  const rows = 8000;
  const content = Buffer.from(`id,name\n${Array.from({ length: rows }, (_, id) => line(id)).join('')}`);
  await using object = await storage.create('made.zip');
  const writer = createArchiveWriter({
    sink: object,
    // Packing takes place before anything is measured, and would take a quarter of the test's time.
    compression: { method: 'deflate', level: 0 },
    time: SAMPLE_TIME,
    signal: forever(),
  });
  for (let chunk = 0; chunk < chunks; chunk++) {
    await writer.addChunk({
      table: { schema: 'public', name: 'staff' },
      format: 'csv',
      rows,
      content: Buffer.from(content),
    });
  }
  await writer.finish(sampleManifest(writer.entries));
  await object.commit();
  return storage.locate('made.zip');
}

/**
 * Returns the peak memory of a server that received an archive twice (in one piece, and by tus) and sent it three
 * times.
 */
async function peakOf(databaseUrl: string, folder: string, path: string): Promise<{ peak: number; size: number }> {
  const child = Bun.spawn([process.execPath, FILES_SERVER_SCRIPT, databaseUrl, folder], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const output = child.stdout.getReader();
  const url = Buffer.from((await output.read()).value ?? new Uint8Array())
    .toString()
    .trim();
  const file = Bun.file(path);
  const put = await fetch(`${url}api/uploads`, { method: 'PUT', body: file.stream() });
  const { data } = (await put.json()) as { data?: { fileName: string } };
  expect([put.status, typeof data?.fileName]).toEqual([201, 'string']);

  // In many small requests, as our client sends them: none alone reaches the threshold of a collection.
  const deps = { endpoint: `${url}api/uploads/tus`, fetch: (to: string, init: RequestInit) => fetch(to, init) };
  const sent = await upload({ ...deps, headers: async () => ({}) }, file, { name: 'again.zip' });
  expect(sent.existing).toBe(true);

  // Whole from the file, one range, and whole as a stream.
  for (const headers of [{}, { Range: 'bytes=1-' }, { Range: 'bytes=1-', 'If-Range': '"other"' }]) {
    const response = await fetch(`${url}api/backups/${data?.fileName}/download`, { headers });
    let bytes = 0;
    for await (const piece of response.body ?? []) bytes += piece.length;
    expect([response.ok, file.size - bytes]).toEqual([true, response.status === 206 ? 1 : 0]);
  }
  const status = await readFile(`/proc/${child.pid}/status`, 'utf8');
  await child.stdin.end();
  await child.exited;
  return { peak: (Number(/VmHWM:\s+(\d+) kB/.exec(status)?.[1]) * 1024) / MEBIBYTE, size: file.size / MEBIBYTE };
}

test('promise 8: a server’s memory does not grow with the archives it takes in and gives out', async () => {
  await using database = await testDatabase({ template: 'hrms' });
  const folder = await mkdtemp(join(tmpdir(), 'palace-files-memory-'));
  try {
    const peaks: { peak: number; size: number }[] = [];
    for (const chunks of [8, 34]) {
      const home = join(folder, String(chunks));
      await mkdir(join(home, 'own'), { recursive: true });
      peaks.push(await peakOf(database.url, join(home, 'own'), await archiveOf(chunks, join(home, 'made'))));
    }
    const [small, large] = peaks;
    const facts = {
      small,
      large,
      flat: (large?.peak ?? Number.POSITIVE_INFINITY) < (small?.peak ?? 0) + 60,
      below: (large?.peak ?? 1000) < 200,
    };
    expect(facts).toEqual({ ...facts, flat: true, below: true });
    expect(large?.size).toBeGreaterThan(195);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 180_000);
