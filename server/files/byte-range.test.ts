import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { readRange, type WantedRange } from './byte-range.ts';

const whole: WantedRange = { kind: 'whole' };
const part = (start: number, end: number): WantedRange => ({ kind: 'part', start, end });

test('readRange() reads single ranges, and takes everything else for the whole', () => {
  const cases: [string | undefined, WantedRange][] = [
    [undefined, whole],
    ['', whole],
    ['bytes=0-0', part(0, 0)],
    ['bytes=0-', part(0, 9)],
    ['bytes=3-5', part(3, 5)],
    ['bytes=9-100', part(9, 9)],
    ['BYTES = 2-3', part(2, 3)],
    ['bytes=-1', part(9, 9)],
    ['bytes=-10', part(0, 9)],
    ['bytes=-999', part(0, 9)],
    ['bytes=-0', { kind: 'outside' }],
    ['bytes=10-', { kind: 'outside' }],
    ['bytes=10-20', { kind: 'outside' }],
    [`bytes=${'9'.repeat(400)}-`, { kind: 'outside' }],
    [`bytes=0-${'9'.repeat(400)}`, part(0, 9)],
    ['bytes=5-3', whole],
    ['bytes=20-3', whole],
    ['bytes=0-1,3-4', whole],
    ['bytes=-', whole],
    ['bytes=a-b', whole],
    ['bytes=1.5-2', whole],
    ['bytes=-1-2', whole],
    ['bytes=0x1-2', whole],
    ['lines=0-1', whole],
    ['bytes', whole],
  ];
  expect(cases.map(([header]) => [header, readRange(header, 10)])).toEqual(cases);
});

test('readRange() finds nothing in an empty object', () => {
  expect(readRange('bytes=0-', 0)).toEqual({ kind: 'outside' });
  expect(readRange('bytes=-5', 0)).toEqual({ kind: 'outside' });
});

test('readRange() never asks for a byte that is not there, whatever the header', () => {
  const number = fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n });
  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.tuple(fc.string({ maxLength: 5 }), fc.string({ maxLength: 5 })).map(([a, b]) => `bytes=${a}-${b}`),
    fc.tuple(number, number).map(([a, b]) => `bytes=${a}-${b}`),
  );
  fc.assert(
    fc.property(hostile, fc.nat(), (header, size) => {
      const range = readRange(header, size);
      if (range.kind !== 'part') return true;
      return range.start >= 0 && range.start <= range.end && range.end < size;
    }),
  );
});
