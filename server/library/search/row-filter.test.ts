import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { foldText } from '../rows/fold-text.ts';
import { ChunkScan } from './chunk-scan.ts';
import { createNeedle } from './needle.ts';

const csvValue = (value: string) => (/[",\n\r]|^$/.test(value) ? `"${value.replaceAll('"', '""')}"` : value);

/** Returns a chunk in memory that begins at an even or odd address. */
function chunkOf(rows: string[][], shift: number): Uint8Array {
  const text = ['a,b', ...rows.map((row) => row.map(csvValue).join(','))].map((line) => `${line}\n`).join('');
  return Buffer.from(`${'x'.repeat(shift)}${text}`).subarray(shift);
}

/** Returns the numbers of the rows that a scan gives, with a third, hidden column or without one. */
function scanned(content: Uint8Array, isShown: boolean[], text: string): { found: number[]; rows: number } {
  const scan = new ChunkScan(content, 'csv', isShown, createNeedle(text));
  const found: number[] = [];
  while (!scan.atEnd) {
    const row = scan.next(7);
    if (row) found.push(row.row);
  }
  return { found, rows: scan.rows };
}

test('rows are passed over exactly as if each were looked through, and none that holds the text', () => {
  const letter = fc.oneof(
    { weight: 5, arbitrary: fc.constantFrom(...'aAbByY "",\n') },
    fc.constantFrom(...'éÉÿẏọ\u0301\u0323ßıİſKςΣσÄ한ㄱ각漢😀हि\u093c='),
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 1 }),
  );
  const text = fc.array(letter, { maxLength: 9 }).map((all) => all.join('').replaceAll('\0', '').toWellFormed());
  const rows = fc.array(fc.tuple(text, text), { maxLength: 9 });
  fc.assert(
    fc.property(rows, text, fc.nat(), fc.integer({ min: 0, max: 1 }), (all, typed, pick, shift) => {
      const some = all.flat()[pick % Math.max(1, all.length * 2)] ?? typed;
      // Often a part of a value.
      const needle = (pick % 3 === 0 ? typed : some.slice(pick % 4, (pick % 4) + 1 + (pick % 5))).toWellFormed() || 'a';
      const folded = foldText(needle);
      fc.pre(folded !== '');
      const { found, rows: count } = scanned(chunkOf(all, shift), [true, true], needle);
      const withHidden = chunkOf(
        all.map((row) => [...row, 'hidden']),
        shift,
      );
      const looked = scanned(
        Buffer.from(withHidden.toString().replace('a,b\n', 'a,b,c\n')),
        [true, true, false],
        needle,
      );
      expect([found, count]).toEqual([looked.found, all.length]);
      const holding = all.flatMap((row, at) => (row.some((value) => foldText(value).includes(folded)) ? [at + 1] : []));
      expect(holding.filter((row) => !found.includes(row))).toEqual([]);
    }),
    { numRuns: campaign(600, 20_000) },
  );
});

test('rows are passed over that hold every letter of the text among accents, but not the text', () => {
  const row = ['nobody hás thus, this namé has nobody', 'Ọ̀yọ́ y'];
  const content = chunkOf(
    Array.from({ length: 500 }, () => row),
    0,
  );
  expect(scanned(content, [true, true], 'nobody has this name').found).toEqual([]);
  expect(scanned(content, [true, true], 'oyo y').found).toHaveLength(500);
});

test('a quote that does not end is told, and so is a last row that does not', () => {
  expect(() => scanned(Buffer.from('a,b\nx,"y\n'), [true, true], 'needle')).toThrow('a quote does not end');
  expect(() => scanned(Buffer.from('a,b\nx,y'), [true, true], 'needle')).toThrow('the last row does not end');
});
