import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { createTextSearch, PIECE_CHARACTERS } from './find-text.ts';

function search(text: string) {
  let pauses = 0;
  const find = createTextSearch(text, {
    count: () => true,
    async pause() {
      pauses += 1;
    },
  });
  return { find, pauses: () => pauses };
}

test('a text is found whatever its case and its accents, in any value of the row', async () => {
  const found = async (text: string, ...row: (string | null)[]) => await search(text).find(row);
  expect(await found('finance', 'x', null, 'The FINANCE office')).toBe(true);
  expect(await found('Ad\u00e9', 'ADE\u0301WALE')).toBe(true);
  expect(await found('ΟΔΟΣ', 'οδοσα')).toBe(true);
  expect(await found('e', '\u00e9')).toBe(true);
  expect(await found('\u00e9', 'e')).toBe(true);
  expect(await found('null', null, '')).toBe(false);
  expect(await found('\u0301', 'e', '', 'e\u0301')).toBe(false);
});

test('a value of many pieces is searched to its end, and others have their turn after each piece', async () => {
  const value = `${'x'.repeat(9 * PIECE_CHARACTERS)}needle`;
  const { find, pauses } = search('NEEDLE');
  expect(await find([null, 'short', value])).toBe(true);
  expect(pauses()).toBe(9);
  expect(await search('needles').find([value])).toBe(false);
});

test('what lies across the end of a piece is found there, and nothing that is not there', async () => {
  const letters = [
    'a',
    'B',
    'e\u0301',
    'e',
    '\u0323\u0301',
    '각',
    '\u1100\u1161\u11a8',
    '😀',
    'Σ',
    ' ',
    'İ',
    'ﬁ',
    'ạ',
    '\u3099',
    'か',
  ];
  const parts = fc.array(fc.constantFrom(...letters), { minLength: 1, maxLength: 12 });
  const index = fc.nat(11);
  await fc.assert(
    fc.asyncProperty(parts, index, index, fc.integer({ min: -14, max: 2 }), async (near, from, length, shift) => {
      const sought = near.slice(from, from + 1 + length).join('') || 'Σe';
      // One is searched in pieces, the other whole.
      const [long, short] = [PIECE_CHARACTERS + shift, 3].map(
        (before) => 'z'.repeat(before) + near.join('') + 'z'.repeat(20),
      );
      expect(await search(sought).find([long ?? ''])).toBe(await search(sought).find([short ?? '']));
    }),
    { numRuns: 2000 },
  );
});
