import { expect, test } from 'bun:test';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { AppError } from '../core/errors.ts';
import { bytesSource } from '../storage/memory.ts';
import { checkContainer, openArchive } from './reader.ts';
import { forever, memorySink, SAMPLE_TIME, sampleArchive, sampleManifest } from './sample.fixture.ts';
import { type ArchiveWriter, createArchiveWriter } from './writer.ts';

const staff = { schema: 'public', name: 'staff' };
const options = { compression: { method: 'deflate' }, time: SAMPLE_TIME } as const;

function chunk(rows: number) {
  const content = Buffer.from(`id,name\n${'1,a\n'.repeat(rows)}`);
  return { table: staff, format: 'csv', rows, content } as const;
}

async function add(writer: ArchiveWriter, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, index) => writer.addChunk(chunk((index * 7919) % 500))));
}

test('addChunk() numbers chunks that are under way together in the order they stand in the file', async () => {
  const sink = memorySink();
  const writer = createArchiveWriter({ ...options, sink, signal: forever() });
  await add(writer, 40);
  await writer.finish(sampleManifest(writer.entries));
  const archive = await openArchive(bytesSource(sink.bytes()));
  await checkContainer(archive);
  const names = archive.chunks(staff).map((entry) => entry.name);
  expect(names).toEqual(
    Array.from({ length: 40 }, (_, index) => `data/public.staff/${String(index + 1).padStart(5, '0')}.csv`),
  );
  for (const entry of archive.chunks(staff)) {
    expect(new TextDecoder().decode(await archive.readEntry(entry))).toBe(`id,name\n${'1,a\n'.repeat(entry.rows)}`);
  }
});

test('addChunk() lets go of the content when its promise resolves', async () => {
  const sink = memorySink();
  const writer = createArchiveWriter({ ...options, sink, signal: forever() });
  const content = Buffer.from('id,name\n1,first\n');
  await writer.addChunk({ table: staff, format: 'csv', rows: 1, content });
  content.write('id,name\n2,again\n');
  await writer.addChunk({ table: staff, format: 'csv', rows: 1, content });
  await writer.finish(sampleManifest(writer.entries));
  const archive = await openArchive(bytesSource(sink.bytes()));
  const [first] = archive.chunks(staff);
  expect(first && new TextDecoder().decode(await archive.readEntry(first))).toBe('id,name\n1,first\n');
});

test('the same content gives the same bytes in every time zone', async () => {
  const made = (zone: string) =>
    Bun.$`${process.execPath} -e ${"const { sampleArchive } = await import('./server/archive/sample.fixture.ts'); console.log(Buffer.from((await sampleArchive()).bytes).toString('base64'))"}`
      .env({ ...process.env, TZ: zone })
      .quiet()
      .text();
  const here = Buffer.from((await sampleArchive()).bytes).toString('base64');
  for (const zone of ['Pacific/Kiritimati', 'America/St_Johns']) expect((await made(zone)).trim()).toBe(here);
});

test('after a failed write every call rejects with that failure and the archive cannot be finished', async () => {
  const full = new AppError('DISK_FULL', 'no space');
  let writesLeft = 3;
  const failing = { write: async () => (writesLeft-- > 0 ? undefined : Promise.reject(full)) };
  const writer = createArchiveWriter({ ...options, sink: failing, signal: forever() });
  expect(await codeOf(add(writer, 8))).toBe('DISK_FULL');
  expect(await codeOf(writer.addText('README.txt', 'late'))).toBe('DISK_FULL');
  expect(await codeOf(writer.finish(sampleManifest(writer.entries)))).toBe('DISK_FULL');
});

test('an aborted signal stops the writer with CANCELLED', async () => {
  const controller = new AbortController();
  const writer = createArchiveWriter({ ...options, sink: memorySink(), signal: controller.signal });
  await writer.addChunk(chunk(1));
  const underWay = writer.addChunk(chunk(2));
  controller.abort();
  expect(await codeOf(underWay)).toBe('CANCELLED');
  expect(await codeOf(writer.finish(sampleManifest(writer.entries)))).toBe('CANCELLED');
});

test('finish() refuses a manifest that a reader would refuse, lists other entries, or bears another time', async () => {
  const attempt = async (change: Parameters<typeof sampleArchive>[0]) => sampleArchive(change);
  expect(
    await codeOf(
      attempt({ change: (manifest) => ({ ...manifest, metadata: { ...manifest.metadata, totalRecords: 99 } }) }),
    ),
  ).toBe('ARCHIVE_DAMAGED');
  expect(attempt({ change: (manifest) => ({ ...manifest, entries: manifest.entries.slice(0, 3) }) })).rejects.toThrow(
    'other entries',
  );
  const later = '2027-01-01T00:00:00.000Z';
  expect(
    attempt({ change: (manifest) => ({ ...manifest, metadata: { ...manifest.metadata, timestamp: later } }) }),
  ).rejects.toThrow('another time');
});

test('nothing can be added after finish()', async () => {
  const writer = createArchiveWriter({ ...options, sink: memorySink(), signal: forever() });
  await add(writer, 1);
  await writer.finish(sampleManifest(writer.entries));
  expect(writer.addText('README.txt', 'late')).rejects.toThrow('finished');
});
