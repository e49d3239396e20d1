import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { median, summarise } from './statistics.ts';

test('median() is the middle value, or the mean of the two in the middle, whatever the order', () => {
  expect(median([3])).toBe(3);
  expect(median([9, 1, 2])).toBe(2);
  expect(median([10, 9, 1, 2])).toBe(5.5);
  expect(() => median([])).toThrow(RangeError);
  const numbers = fc.array(fc.integer(), { minLength: 1 });
  fc.assert(fc.property(numbers, (values) => median(values) === median(values.toReversed())));
});

test('summarise() takes the median of times and the largest of peaks, and leaves out what was not measured', () => {
  const runs = [
    { seconds: 4, wallSeconds: 6, size: 100, peakRss: 50, rowBytes: 400 },
    { seconds: 1, wallSeconds: 3, size: 102, peakRss: 70, rowBytes: 400 },
    { seconds: 2, wallSeconds: 4, size: 101, peakRss: null, rowBytes: 400 },
  ];
  expect(summarise('verify', 'ours: verify', runs)).toEqual({
    key: 'verify',
    label: 'ours: verify',
    rounds: 3,
    seconds: { median: 2, least: 1, most: 4 },
    wallSeconds: 4,
    size: 101,
    peakRss: 70,
    rate: 200,
    lockedSeconds: null,
  });
});
