import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { bytesSource } from '../storage/memory.ts';
import { readPieces, sameContent, sha256OfSource } from './pieces.ts';

const WHAT = { what: 'Reading' };

test('readPieces() gives any part of a source in order, whatever the size of the pieces', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      fc.nat(300),
      fc.nat(300),
      fc.integer({ min: 1, max: 64 }),
      fc.boolean(),
      async (bytes, from, most, pieceBytes, fresh) => {
        const offset = Math.min(from, bytes.length);
        const length = Math.min(most, bytes.length - offset);
        const got: number[] = [];
        for await (const piece of readPieces(bytesSource(bytes), { ...WHAT, offset, length, pieceBytes, fresh })) {
          expect(piece.length).toBeLessThanOrEqual(pieceBytes);
          got.push(...piece);
        }
        expect(got).toEqual([...bytes.subarray(offset, offset + length)]);
      },
    ),
  );
});

test('readPieces() gives pieces of their own when asked, so that one outlives the next', async () => {
  const pieces: Uint8Array[] = [];
  for await (const piece of readPieces(bytesSource(Uint8Array.of(1, 2, 3, 4, 5)), {
    ...WHAT,
    pieceBytes: 2,
    fresh: true,
  }))
    pieces.push(piece);
  expect(pieces.map((piece) => [...piece])).toEqual([[1, 2], [3, 4], [5]]);
});

test('readPieces() stops with CANCELLED, naming the work, once the signal is aborted', async () => {
  const stop = new AbortController();
  const read = async () => {
    for await (const _ of readPieces(bytesSource(new Uint8Array(10)), { ...WHAT, signal: stop.signal, pieceBytes: 4 }))
      stop.abort();
  };
  expect(await read().catch((error) => `${error.code}: ${error.message}`)).toBe('CANCELLED: Reading was cancelled.');
});

test('sha256OfSource() and sameContent() tell bytes apart wherever they differ', async () => {
  const bytes = crypto.getRandomValues(new Uint8Array(60_000));
  const large = Buffer.concat(Array.from({ length: 40 }, () => bytes));
  expect(await sha256OfSource(bytesSource(large), WHAT)).toBe(
    new Bun.CryptoHasher('sha256').update(large).digest('hex'),
  );
  expect(await sameContent(bytesSource(large), bytesSource(Buffer.from(large)), WHAT)).toBe(true);
  for (const at of [0, 1024 * 1024 - 1, 1024 * 1024, large.length - 1]) {
    const other = Buffer.from(large);
    other[at] = (other[at] ?? 0) ^ 1;
    expect(await sameContent(bytesSource(large), bytesSource(other), WHAT)).toBe(false);
  }
  expect(await sameContent(bytesSource(large), bytesSource(large.subarray(1)), WHAT)).toBe(false);
  expect(await sameContent(bytesSource(new Uint8Array()), bytesSource(new Uint8Array()), WHAT)).toBe(true);
});
