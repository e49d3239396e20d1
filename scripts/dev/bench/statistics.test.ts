import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { median, percentile, summarise } from './statistics.ts';

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
    latency: null,
  });
});

test('percentile() is a value that was measured, and so many percent are not above it', () => {
  expect(percentile([5, 1, 3], 99)).toBe(5);
  expect(percentile([4, 1, 3, 2], 50)).toBe(2);
  expect(() => percentile([], 99)).toThrow(RangeError);
  const numbers = fc.array(fc.integer(), { minLength: 1 });
  fc.assert(
    fc.property(numbers, fc.integer({ min: 1, max: 100 }), (values, percent) => {
      const found = percentile(values, percent);
      const share = (kept: (value: number) => boolean) => values.filter(kept).length / values.length;
      return (
        values.includes(found) &&
        share((value) => value <= found) >= percent / 100 &&
        share((value) => value < found) < percent / 100
      );
    }),
  );
});

test('summarise() takes the answers of all rounds together', () => {
  const runs = [
    { seconds: 1, answerTimes: [1, 2, 9] },
    { seconds: 1, answerTimes: [3] },
  ];
  expect(summarise('get', 'get', runs).latency).toEqual({ answers: 4, median: 2.5, p99: 9, most: 9 });
});
