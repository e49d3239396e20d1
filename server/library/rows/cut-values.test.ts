import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { cutValues, LONGEST_VALUE, MOST_CHARACTERS } from './cut-values.ts';

test('cutValues() leaves alone what is short enough, NULL and the empty string apart', () => {
  const rows = [
    ['a', null, ''],
    ['x'.repeat(LONGEST_VALUE), '😀', null],
  ];
  expect(cutValues(rows)).toEqual({ rows, cut: [] });
});

test('cutValues() cuts a long value between code points and tells how long it is', () => {
  const text = `${'x'.repeat(LONGEST_VALUE - 1)}😀😀`;
  const { rows, cut } = cutValues([
    ['short', null],
    [null, text],
  ]);
  expect(rows).toEqual([
    ['short', null],
    [null, 'x'.repeat(LONGEST_VALUE - 1)],
  ]);
  expect(cut).toEqual([{ row: 1, column: 1, bytes: LONGEST_VALUE - 1 + 8 }]);
});

test('cutValues() never splits a code point, whatever stands where it cuts', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 3 }),
      fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }),
      (shift, unit) => {
        const text = 'x'.repeat(shift) + unit.repeat(Math.ceil(LONGEST_VALUE / unit.length) + 4);
        const [row] = cutValues([[text]]).rows;
        expect(row?.[0]?.isWellFormed()).toBe(true);
        expect(text.startsWith(row?.[0] ?? '!')).toBe(true);
        expect(row?.[0]?.length).toBeGreaterThanOrEqual(LONGEST_VALUE - 1);
      },
    ),
  );
});

test('cutValues() keeps all rows together within its bound, and every row', () => {
  const wide = Array.from({ length: 200 }, () => ['id', ...Array.from({ length: 40 }, () => 'y'.repeat(1500))]);
  const { rows, cut } = cutValues(wide);
  expect(rows).toHaveLength(200);
  expect(rows.flat().join('').length).toBeLessThanOrEqual(MOST_CHARACTERS);
  expect(rows.every(([id]) => id === 'id')).toBe(true);
  expect(cut).toHaveLength(200 * 40);
});
