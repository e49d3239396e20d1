import { expect, test } from 'bun:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { codeOfError } from '../../../db/testing/code-of.fixture.ts';
import { sampleArchive } from '../../archive/sample.fixture.ts';
import { bytesSource } from '../../storage/memory.ts';
import { readUploadType, tellType } from './type.ts';

const typeOf = (bytes: Uint8Array) => readUploadType(bytesSource(bytes)).catch(codeOfError);

test('readUploadType() knows an archive by either end, so that a damaged one is refused for its damage', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const { bytes } = await sampleArchive({ method });
    expect(await typeOf(bytes)).toBe('archive');
    expect(await typeOf(bytes.subarray(0, bytes.length - 30))).toBe('archive');
    expect(await typeOf(bytes.subarray(30))).toBe('archive');
  }
  const { bytes } = await sampleArchive({ chunks: [] });
  expect(await typeOf(bytes)).toBe('archive');
});

test('readUploadType() tells documents and what they come in by their content', async () => {
  const json = Buffer.from('\ufeff\n {"metadata":{}}');
  const zip = Buffer.concat([Buffer.from('PK\x03\x04'), Buffer.alloc(26), Buffer.from('backup.json and more')]);
  expect([await typeOf(json), await typeOf(gzipSync(json)), await typeOf(zip)]).toEqual(['json', 'json.gz', 'zip']);
  const others = ['', 'text', 'age-encryption.org/v1', '\xff\xfe{\0', 'PGDMP', '"text"', '7z\xbc\xaf', '<html>', 'PK'];
  for (const text of others) expect([text, await typeOf(Buffer.from(text, 'latin1'))]).toEqual([text, 'INPUT_INVALID']);
});

test('tellType() never throws', () => {
  fc.assert(
    fc.property(fc.uint8Array(), fc.uint8Array(), (head, tail) => {
      expect([null, 'archive', 'json', 'json.gz', 'zip']).toContain(tellType(head, tail));
    }),
  );
});
