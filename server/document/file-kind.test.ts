import { describe, expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { sampleArchive } from '../archive/sample.fixture.ts';
import { bytesSource } from '../storage/memory.ts';
import { type DocumentLimits, openJsonDocument } from './file-kind.ts';
import { oldZip } from './old-zip.fixture.ts';

async function textOf(content: string | Uint8Array, limits: Partial<DocumentLimits> = {}): Promise<string> {
  const document = await openJsonDocument(bytesSource(Buffer.from(content)), limits);
  if (!document) return 'no document';
  let text = `${document.kind}:`;
  const decoder = new TextDecoder();
  for await (const piece of document.bytes(new AbortController().signal))
    text += decoder.decode(piece, { stream: true });
  return text;
}

const LONG = `{"a":"${'é,"'.repeat(100_000).replaceAll('"', '\\"')}"}`;

describe('a document is told by its content, and its text comes out as it went in:', () => {
  test('plain JSON, after spaces or a byte order mark, in one piece or many', async () => {
    for (const text of ['{}', ' \n {"a":1}', '[]', LONG]) expect(await textOf(text)).toBe(`json:${text}`);
    expect(await textOf('\uFEFF{}')).toStartWith('json:');
    expect(await textOf(Buffer.from('\uFEFF{}', 'utf16le'))).toStartWith('json:');
  });

  test('gzipped JSON, of several members too', async () => {
    expect(await textOf(gzipSync(LONG))).toBe(`json.gz:${LONG}`);
    expect(await textOf(Buffer.concat([gzipSync('{"a":'), gzipSync('1}')]))).toBe('json.gz:{"a":1}');
  });

  test('the ZIP of the old tool, with data descriptors and without, stored or deflated', async () => {
    expect(await textOf(await oldZip(LONG))).toBe(`old zip:${LONG}`);
    expect(await textOf(await oldZip(LONG, {}, { dataDescriptor: false }))).toBe(`old zip:${LONG}`);
    expect(await textOf(await oldZip('{}', {}, { level: 0 }))).toBe('old zip:{}');
  });

  test('an archive of ours, another ZIP, text and nothing at all are no documents', async () => {
    const { bytes } = await sampleArchive();
    expect(await textOf(bytes)).toBe('no document');
    expect(await textOf(await oldZip('{}', { 'manifest.json': '{}' }))).toBe('no document');
    expect(await textOf(bytes.subarray(0, 500))).toBe('no document');
    for (const text of ['', 'P', 'hello', '"a"', 'PK\x03\x04nonsense']) expect(await textOf(text)).toBe('no document');
  });
});

describe('refused:', () => {
  test('a ZIP with more than one document, or with anything else in it', async () => {
    for (const name of ['other.json', 'run.sh', 'folder/x.json'])
      expect([name, await codeOf(oldZip('{}', { [name]: '{}' }).then((zip) => textOf(zip)))]).toEqual([
        name,
        'ARCHIVE_INVALID',
      ]);
  });

  test('a ZIP with names that lead out of its folder is not even looked into', async () => {
    for (const name of ['../up.json', '/abs.json'])
      expect(await textOf(await oldZip('{}', { [name]: '{}' }))).toBe('no document');
  });

  test('an encrypted ZIP', async () => {
    expect(await codeOf(textOf(await oldZip('{}', {}, { password: 'x' })))).toBe('ARCHIVE_INVALID');
  });

  test('gzip that was cut off at whatever byte, or damaged', async () => {
    const whole = gzipSync('{"a":[1,2,3]}');
    for (let length = 2; length < whole.length; length++)
      expect([length, await codeOf(textOf(whole.subarray(0, length)))]).toEqual([length, 'ARCHIVE_DAMAGED']);
    const damaged = Buffer.from(whole);
    damaged[whole.length - 6] = (damaged[whole.length - 6] ?? 0) ^ 1;
    expect(await codeOf(textOf(damaged))).toBe('ARCHIVE_DAMAGED');
  });

  test('an old ZIP with a flipped bit in its document', async () => {
    const zip = Buffer.from(await oldZip(LONG));
    const at = zip.indexOf('backup_') + 60;
    zip[at] = (zip[at] ?? 0) ^ 4;
    expect(await codeOf(textOf(zip))).toBe('ARCHIVE_DAMAGED');
    // It still reads as JSON: only its checksum shows the damage.
    const stored = Buffer.from(await oldZip('{"amount":"1500"}', {}, { level: 0 }));
    const digit = stored.indexOf('1500');
    stored[digit] = (stored[digit] ?? 0) ^ 8;
    expect(await codeOf(textOf(stored))).toBe('ARCHIVE_DAMAGED');
  });

  test('what grows far beyond its compressed size, or beyond any size', async () => {
    const bomb = ' '.repeat(5_000_000);
    const limits = { freeBytes: 100_000 };
    expect(await codeOf(textOf(gzipSync(bomb), limits))).toBe('ARCHIVE_LIMIT');
    expect(await codeOf(oldZip(`{}${bomb}`).then((zip) => textOf(zip, limits)))).toBe('ARCHIVE_LIMIT');
    expect(await codeOf(textOf(LONG, { documentBytes: 1000 }))).toBe('ARCHIVE_LIMIT');
    expect(await textOf(LONG, limits)).toBe(`json:${LONG}`);
  });
});
