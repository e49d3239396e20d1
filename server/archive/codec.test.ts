import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { compress, crc32Hex, decompress, freeContent, sha256Hex } from './codec.ts';

const content = fc.oneof(
  fc.uint8Array({ maxLength: 2000 }),
  fc.string({ maxLength: 20 }).map((text) => Buffer.from(text.repeat(200))),
);

for (const method of ['store', 'deflate', 'zstd'] as const) {
  test(`decompress() undoes compress() for ${method}, content of no bytes included`, async () => {
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        const stored = await compress(bytes, method, 1);
        expect(Buffer.compare(await decompress(stored, method, bytes.length), bytes)).toBe(0);
      }),
      { numRuns: 60, examples: [[new Uint8Array()]] },
    );
  });

  test(`decompress() refuses ${method} content longer or shorter than it was told`, async () => {
    const stored = await compress(Buffer.from('content '.repeat(50)), method, 1);
    for (const wrong of [0, 1, 399, 401, 100_000]) expect(decompress(stored, method, wrong)).rejects.toThrow();
  });
}

test('decompress() refuses a stream that is cut or is none', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const whole = await compress(Buffer.from('content '.repeat(50)), method, 3);
    for (let length = 0; length < whole.length; length++)
      expect(decompress(whole.subarray(0, length), method, 400)).rejects.toThrow();
    expect(decompress(Buffer.alloc(50, 0xff), method, 400)).rejects.toThrow();
  }
});

test('freeContent() empties large content, and leaves alone what may share its memory', async () => {
  for (const method of ['deflate', 'zstd'] as const) {
    const large = Buffer.alloc(3 * 1024 * 1024, 'content ');
    const content = await decompress(await compress(large, method, 1), method, large.length);
    freeContent(content);
    expect([method, content.length]).toEqual([method, 0]);
  }
  const pool = new Uint8Array(4 * 1024 * 1024);
  for (const shared of [pool.subarray(0, 100), pool.subarray(0, 2 * 1024 * 1024)]) freeContent(shared);
  expect(pool.length).toBe(4 * 1024 * 1024);
});

test('crc32Hex() and sha256Hex() give the published check values', () => {
  expect(crc32Hex(Buffer.from('123456789'))).toBe('cbf43926');
  expect(crc32Hex(Buffer.from(''))).toBe('00000000');
  expect(sha256Hex(Buffer.from('abc'))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
});
