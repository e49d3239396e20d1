import { describe, expect, test } from 'bun:test';
import { BlobWriter, TextReader, ZipWriter } from '@zip.js/zip.js';
import { peek } from './peek.ts';

const METADATA = {
  version: '1.0',
  timestamp: '2026-11-20T08:00:00.000Z',
  databaseUrl: 'postgres://db1/hrms',
  totalRecords: 12,
  backupId: 'x',
  createdBy: 'maria {"quoted} ]',
};
const DOCUMENT = JSON.stringify({ metadata: METADATA, data: { staff: [{ id: '1' }] } });
const FACTS = { madeAt: METADATA.timestamp, rows: 12, by: METADATA.createdBy, database: METADATA.databaseUrl };

const gzip = (text: string) => Bun.gzipSync(text) as Uint8Array<ArrayBuffer>;
const refusal = async (content: BlobPart) => {
  const failure: unknown = await peek(new Blob([content])).catch((error: unknown) => error);
  return failure as { code: string; message: string };
};

async function zip(entries: Record<string, string>, level = 6): Promise<Blob> {
  const writer = new ZipWriter(new BlobWriter(), { level });
  for (const [name, text] of Object.entries(entries)) await writer.add(name, new TextReader(text));
  return writer.close();
}

describe('a document', () => {
  test('says whose it is, from when and of how many rows, as it is, in gzip, and alone in a ZIP', async () => {
    expect(await peek(new Blob([DOCUMENT]))).toEqual({ kind: 'document', packed: false, facts: FACTS });
    expect(await peek(new Blob([gzip(DOCUMENT)]))).toEqual({ kind: 'document', packed: true, facts: FACTS });
    for (const level of [0, 6]) {
      const packed = await zip({ 'backup.json': DOCUMENT }, level);
      expect(await peek(packed)).toEqual({ kind: 'document', packed: true, facts: FACTS });
    }
  });

  test('that begins with its rows, or says little of itself, is left to the server', async () => {
    expect(await peek(new Blob(['{"data":{},"metadata":{}}']))).toMatchObject({ facts: null });
    const bare = { madeAt: null, rows: null, by: null, database: null };
    expect(await peek(new Blob(['{"metadata":{"timestamp":"soon"},"data":{}}']))).toMatchObject({ facts: bare });
  });

  test('is read no further than its beginning', async () => {
    let asked = 0;
    const endless = new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        asked++;
        controller.enqueue(new TextEncoder().encode(asked === 1 ? '{"data":{"staff":[' : ' '.repeat(64 * 1024)));
      },
    });
    const file = new Blob([' }']);
    Object.defineProperty(file, 'stream', { value: () => endless });
    Object.defineProperty(file, 'slice', { value: () => new Blob(['{ }']) });
    expect(await peek(file)).toMatchObject({ kind: 'document', facts: null });
    expect(asked).toBeLessThan(12);
  });

  test('is refused when it is cut off, when it is other JSON, and when its gzip holds something else or is broken', async () => {
    expect(await refusal(DOCUMENT.slice(0, -5))).toMatchObject({
      message: 'This JSON is cut off: its end is missing.',
    });
    const other = { code: 'ARCHIVE_INVALID', message: expect.stringContaining('This JSON is not a backup') };
    for (const text of ['{}', '{"name":"package"}', '[{"metadata":{}}]', '{"metadata":{"a":}}']) {
      expect([text, await refusal(text)]).toEqual([text, expect.objectContaining(other)]);
      expect(await refusal(gzip(text))).toMatchObject(other);
    }
    expect(await refusal(gzip('a tar, maybe'))).toMatchObject({ code: 'ARCHIVE_INVALID' });
    const broken = gzip(DOCUMENT);
    broken[12] = (broken[12] ?? 0) ^ 0xff;
    expect(await refusal(broken)).toMatchObject({ code: expect.stringMatching(/^ARCHIVE_/) });
  });
});

test('what is no backup at all is called what it is', async () => {
  expect(await refusal('')).toMatchObject({ message: 'This file is empty.' });
  expect(await refusal('\xff\xd8\xff\xe0 JFIF')).toMatchObject({ message: expect.stringContaining('neither a ZIP') });
  expect(await refusal('PGDMP\x01')).toMatchObject({ message: expect.stringContaining('pg_dump') });
  expect(await refusal(new Uint8Array([0xff, 0xfe, 0x7b, 0]))).toMatchObject({
    message: expect.stringContaining('UTF-16'),
  });
  expect(await refusal('age-encryption.org/v1\n')).toMatchObject({ message: expect.stringContaining('encrypted') });
  const photos = await zip({ 'a.jpg': 'x', 'b.jpg': 'y' });
  expect(await refusal(photos)).toMatchObject({ message: expect.stringContaining('no manifest') });
  expect(await refusal(photos.slice(0, photos.size - 30))).toMatchObject({ code: 'ARCHIVE_DAMAGED' });
});
