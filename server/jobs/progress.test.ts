import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { ProgressEvent } from '../core/progress.ts';
import { trackProgress } from './progress.ts';

function clock(start = 1_000_000) {
  let at = start;
  return {
    now: () => new Date(at),
    pass: (ms: number) => {
      at += ms;
    },
  };
}

const copy = (rows: number, bytes: number, table = 'public.a', totalBytes = 10_000): ProgressEvent => ({
  stage: 'copy',
  rows,
  bytes,
  totalBytes,
  table,
});

describe('trackProgress()', () => {
  test('says nothing before the first event', () => {
    expect(trackProgress(clock().now).view()).toBeNull();
  });

  test('gives each table what came while it was worked on', () => {
    const tracker = trackProgress(clock().now);
    tracker.add({ stage: 'prepare', rows: 0, bytes: 0, totalBytes: 0 });
    tracker.add(copy(10, 100));
    tracker.add(copy(15, 150, 'public.b'));
    tracker.add(copy(35, 350));
    expect(tracker.view()?.tables).toEqual({
      'public.a': { rows: 30, bytes: 300 },
      'public.b': { rows: 5, bytes: 50 },
    });
  });

  test('keeps the tables through stages that name none, and begins anew with the next that does', () => {
    const tracker = trackProgress(clock().now);
    tracker.add(copy(10, 100));
    tracker.add({ stage: 'finish', rows: 0, bytes: 0, totalBytes: 0 });
    expect(tracker.view()?.tables).toEqual({ 'public.a': { rows: 10, bytes: 100 } });
    tracker.add({ ...copy(4, 40), stage: 'verify' });
    expect(tracker.view()?.tables).toEqual({ 'public.a': { rows: 4, bytes: 40 } });
  });

  test('tells rate and time left from the last seconds, not from a slow start', () => {
    const { now, pass } = clock();
    const tracker = trackProgress(now);
    tracker.add(copy(0, 0));
    pass(60_000);
    for (let done = 1; done <= 10; done++) {
      tracker.add(copy(done * 10, done * 500));
      pass(1000);
    }
    expect(tracker.view()).toMatchObject({ rowsPerSecond: 10, bytesPerSecond: 500, secondsLeft: 10 });
  });

  test('tells rows, and time left by them, where rows alone are counted', () => {
    const { now, pass } = clock();
    const tracker = trackProgress(now);
    const apply = (rows: number) =>
      tracker.add({ stage: 'apply', rows, bytes: 0, totalBytes: 0, totalRows: 1000, table: 'public.a' });
    apply(0);
    pass(1000);
    apply(100);
    expect(tracker.view()).toMatchObject({
      rows: 100,
      bytes: 0,
      totalBytes: 0,
      totalRows: 1000,
      rowsPerSecond: 100,
      bytesPerSecond: 0,
      secondsLeft: 9,
    });
  });

  test('tells that somebody is in the way only while somebody is', () => {
    const tracker = trackProgress(clock().now);
    const lock = { stage: 'lock', rows: 0, bytes: 0, totalBytes: 0 } as const;
    tracker.add(lock);
    expect(tracker.view()?.blocked).toBeUndefined();
    tracker.add({ ...lock, blocked: true });
    expect(tracker.view()?.blocked).toBe(true);
    tracker.add({ ...lock, stage: 'apply' });
    expect(tracker.view()?.blocked).toBeUndefined();
  });

  test('tells no time left while nothing moves', () => {
    const { now, pass } = clock();
    const tracker = trackProgress(now);
    tracker.add(copy(0, 0));
    pass(5000);
    tracker.add(copy(0, 0));
    expect(tracker.view()).toMatchObject({ bytesPerSecond: 0, secondsLeft: null });
  });

  test('whatever comes in which order, the tables add up to the rows of their stage and no number is negative', () => {
    const step = fc.record({
      table: fc.constantFrom('public.a', 'public.b', 'x.c'),
      rows: fc.nat(1000),
      bytes: fc.nat(100_000),
      ms: fc.nat(5000),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
        const { now, pass } = clock();
        const tracker = trackProgress(now);
        let [rows, bytes] = [0, 0];
        for (const one of steps) {
          rows += one.rows;
          bytes += one.bytes;
          tracker.add(copy(rows, bytes, one.table, 1e9));
          pass(one.ms);
        }
        const view = tracker.view();
        const sums = Object.values(view?.tables ?? {});
        expect(sums.reduce((sum, table) => sum + table.rows, 0)).toBe(rows);
        expect(sums.reduce((sum, table) => sum + table.bytes, 0)).toBe(bytes);
        for (const number of [view?.rowsPerSecond, view?.bytesPerSecond, view?.secondsLeft ?? 0])
          expect(number).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
