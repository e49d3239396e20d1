import { expect, test } from 'bun:test';
import { GOALS, type Goal, judge } from './goals.ts';
import { OURS } from './ours.ts';
import { PEERS } from './peers.ts';
import { SERVED } from './served/server-load.ts';
import { summarise } from './statistics.ts';

const summary = (key: string, seconds: number, more: { size?: number; peakRss?: number; rowBytes?: number } = {}) =>
  summarise(key, key, [{ seconds, ...more }]);
const time: Goal = { of: 'a', says: 'time', kind: 'time', against: 'b', most: 0.5 };

test('judge() compares a ratio with its limit, the limit itself included', () => {
  const met = (ours: number) => judge([time], [summary('a', ours), summary('b', 10)]);
  expect(met(5)).toEqual([{ goal: time, reached: 0.5, met: true }]);
  expect(met(5.1)[0]?.met).toBe(false);
});

test('judge() leaves out a goal whose peer was not measured', () => {
  expect(judge([time], [summary('a', 5)])).toEqual([]);
  expect(judge([{ ...time, kind: 'size' }], [summary('a', 5, { size: 1 }), summary('b', 5)])).toEqual([]);
});

test('judge() wants a rate to be high and memory and size to be low', () => {
  const goals: Goal[] = [
    { of: 'a', says: 'rate', kind: 'rate', least: 100 },
    { of: 'a', says: 'memory', kind: 'memory', most: 100 },
    { of: 'a', says: 'size', kind: 'size', against: 'b', most: 0.9 },
  ];
  const met = (more: { size: number; peakRss: number; rowBytes: number }) =>
    judge(goals, [summary('a', 1, more), summary('b', 1, { size: 100 })]).map((verdict) => verdict.met);
  expect(met({ rowBytes: 101, peakRss: 99, size: 90 })).toEqual([true, true, true]);
  expect(met({ rowBytes: 99, peakRss: 101, size: 91 })).toEqual([false, false, false]);
});

test('judge() wants the median answer to be quick, and leaves it out when no answer was waited for', () => {
  const goal: Goal = { of: 'a', says: 'latency', kind: 'latency', most: 20 };
  const met = (answerTimes: number[]) => judge([goal], [summarise('a', 'a', [{ seconds: 1, answerTimes }])]);
  expect(met([1, 20, 300])).toEqual([{ goal, reached: 20, met: true }]);
  expect(met([1, 21, 22])[0]?.met).toBe(false);
  expect(met([])).toEqual([]);
});

test('GOALS name only contenders that exist', () => {
  const keys = [...OURS, ...PEERS, ...SERVED].map((contender) => contender.key);
  expect(new Set(keys).size).toBe(keys.length);
  const named = GOALS.flatMap((goal) => ('against' in goal ? [goal.of, goal.against] : [goal.of]));
  expect(named.filter((key) => !keys.includes(key))).toEqual([]);
});
