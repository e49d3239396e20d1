import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Operation } from '../../api.ts';
import { words } from '../../strings/shared.ts';
import { doneText, monotonicShare, paceText, shareOf, stepOf, waitNotice } from './progress.ts';

type Progress = NonNullable<Operation['progress']>;

const STILL: Progress = {
  stage: 'copy',
  rows: 0,
  bytes: 0,
  totalBytes: 0,
  rowsPerSecond: 0,
  bytesPerSecond: 0,
  secondsLeft: null,
  tables: {},
};
const ORDER = {
  backup: ['prepare', 'copy', 'finish', 'verify'],
  restore: ['open', 'stage', 'lock', 'apply', 'indexes', 'links', 'commit', 'analyze'],
  verify: ['verify'],
};

describe('shareOf()', () => {
  test('grows over the whole work, whatever each stage counts and estimates, and never says that all is done', () => {
    const counts = fc.record({ done: fc.nat(1000), more: fc.nat(1000), total: fc.nat(1500), inRows: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom(...(Object.keys(ORDER) as (keyof typeof ORDER)[])),
        fc.array(counts, { minLength: 8, maxLength: 8 }),
        (kind, all) => {
          let before = 0;
          for (const [at, stage] of ORDER[kind].entries()) {
            const { done, more, total, inRows } = all[at] ?? { done: 0, more: 0, total: 0, inRows: false };
            for (const count of [0, done, done + more]) {
              const counted = inRows ? { rows: count, totalRows: total } : { bytes: count, totalBytes: total };
              const share = shareOf({ kind, progress: { ...STILL, stage, ...counted } }) ?? 0;
              expect(share).toBeGreaterThanOrEqual(before);
              expect(share).toBeLessThan(1);
              before = share;
            }
          }
        },
      ),
    );
  });

  test('is that of the stage where a kind of work is not known, and not told where nothing is counted', () => {
    expect(shareOf({ kind: 'other', progress: { ...STILL, bytes: 1, totalBytes: 4 } })).toBe(0.25);
    expect(shareOf({ kind: 'other', progress: STILL })).toBeNull();
    expect(shareOf({ kind: 'backup', progress: null })).toBeNull();
  });
});

test('shareAfter() never goes back in a work whose steps are known, and begins anew with each stage of another', () => {
  const at = (kind: string, bytes: number, totalBytes: number) => ({ kind, progress: { ...STILL, bytes, totalBytes } });
  const half = monotonicShare(null, at('backup', 1, 2));
  expect(monotonicShare(half, at('backup', 1, 4))).toBe(half);
  expect(monotonicShare(half, { kind: 'backup', progress: null })).toBe(half);
  expect(monotonicShare(half, at('upload', 1, 4))).toBe(0.25);
});

test('stepOf() counts the steps of a backup and of a restore', () => {
  const steps = (kind: keyof typeof ORDER) =>
    ORDER[kind].map((stage) => stepOf({ kind, progress: { ...STILL, stage } }));
  expect(steps('backup').map((step) => step?.at)).toEqual([1, 2, 3, 4]);
  expect(steps('restore').map((step) => step?.at)).toEqual([1, 2, 3, 3, 3, 3, 3, 4]);
  expect(steps('restore')[0]?.of).toBe(4);
  expect(steps('verify')).toEqual([null]);
});

test('rows that are put in place are rows, not bytes', () => {
  const apply = {
    ...STILL,
    stage: 'apply',
    rows: 3_000_000,
    totalRows: 4_000_000,
    rowsPerSecond: 500_000,
    secondsLeft: 2,
  };
  expect(doneText(apply)).toBe('3,000,000 of 4,000,000 rows');
  expect(paceText(apply)).toBe('500,000 rows/s, 2.0 s left in this step');
  expect(`${doneText(apply)} ${paceText(apply)}`).not.toMatch(/iB|bytes/);
});

test('bytes are told beside what is expected, unless the estimate was too low', () => {
  expect(doneText({ ...STILL, rows: 10, bytes: 1024, totalBytes: 4096 })).toBe('10 rows, 1.0 KiB of about 4.0 KiB');
  expect(doneText({ ...STILL, rows: 10, bytes: 4096, totalBytes: 1024 })).toBe('10 rows, 4.0 KiB');
  expect(doneText(STILL)).toBe('');
  expect(paceText({ ...STILL, bytesPerSecond: 2048, secondsLeft: 0 })).toBe('2.0 KiB/s, almost done');
});

test('who waits for whom is told only while somebody waits', () => {
  const wait = (facts: Partial<Progress>, kind = 'restore') =>
    waitNotice({ kind, state: 'running', progress: { ...STILL, ...facts } });
  expect(wait({ stage: 'lock' })).toBeNull();
  expect(wait({ stage: 'lock', blocked: true })).toStartWith('Somebody is using');
  for (const stage of ['apply', 'indexes', 'links', 'commit']) expect(wait({ stage })).toContain('are locked');
  for (const stage of ['open', 'stage', 'analyze', 'clean']) expect(wait({ stage })).toBeNull();
  expect(wait({ stage: 'links' }, 'backup')).toBeNull();
  expect(waitNotice({ kind: 'restore', state: 'succeeded', progress: { ...STILL, stage: 'commit' } })).toBeNull();
});

test('every stage the server tells has a name a person would use, those of an upload included', async () => {
  const source = await Bun.file(join(import.meta.dir, '../../../server/core/progress.ts')).text();
  const stages = [...source.matchAll(/^ {2}\| '(\w+)'/gm)].map(([, stage = '']) => stage);
  expect(stages).toContain('stage');
  expect(stages.filter((stage) => words.operation.stage(stage) === stage)).toEqual([]);
  // The file decides which of them an upload goes through, so that none has a number.
  for (const stage of stages) expect(stepOf({ kind: 'upload', progress: { ...STILL, stage } })).toBeNull();
});
