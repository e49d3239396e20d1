import { expect, test } from 'bun:test';
import fc from 'fast-check';
import {
  formatColumns,
  formatCount,
  formatCounted,
  formatDuration,
  formatMoment,
  formatSize,
  printable,
} from './format.ts';

test('formatSize() shows at most three figures in binary units', () => {
  const shown = [0, 1, 1023, 1024, 1536, 10_240, 102_400, 1_048_064, 1_048_576, 5_000_000_000, 2 ** 60].map(formatSize);
  expect(shown).toEqual([
    '0 B',
    '1 B',
    '1023 B',
    '1.00 KiB',
    '1.50 KiB',
    '10.0 KiB',
    '100 KiB',
    '1.00 MiB',
    '1.00 MiB',
    '4.66 GiB',
    '1024 PiB',
  ]);
});

test('formatDuration() never shows sixty of a smaller unit', () => {
  const shown = [0, 84, 999.6, 3200, 59_949, 59_950, 245_000, 3_599_600, 7_620_000].map(formatDuration);
  expect(shown).toEqual([
    '0 ms',
    '84 ms',
    '1.0 s',
    '3.2 s',
    '59.9 s',
    '1 min 00 s',
    '4 min 05 s',
    '1 h 00 min',
    '2 h 07 min',
  ]);
});

test('formatCount() groups digits, formatCounted() knows one from many', () => {
  expect(formatCount(12_345_678)).toBe('12,345,678');
  expect([formatCounted(1, 'row'), formatCounted(0, 'row'), formatCounted(2000, 'copy', 'copies')]).toEqual([
    '1 row',
    '0 rows',
    '2,000 copies',
  ]);
});

test('formatMoment() is in UTC whatever the machine says', () => {
  expect(formatMoment('2026-11-23T10:08:04.999+01:00')).toBe('2026-11-23 09:08:04 UTC');
});

test('formatColumns() keeps columns even under wide letters', () => {
  const lines = formatColumns(
    [
      ['a', '1', 'x'],
      ['漢字', '1,000', 'y'],
    ],
    'lrl',
  );
  expect(lines).toEqual(['a         1  x', '漢字  1,000  y']);
});

test('printable() leaves letters of every script and takes the power from control characters', () => {
  expect(printable('Ọ̀ṣun مرحبا 🏰 "x"')).toBe('Ọ̀ṣun مرحبا 🏰 "x"');
  expect(printable('a\u001b[2Jb\rc\u202ed\u009b')).toBe('a\\u{1b}[2Jb\\u{d}c\\u{202e}d\\u{9b}');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => !/[\p{Cc}\u202a-\u202e\u2066-\u2069]/u.test(printable(text))),
  );
});
