import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import fc from 'fast-check';
import type { Operation } from '../../api.ts';
import { words } from '../../strings/shared.ts';
import { doneText, monotonicShare, paceText, sendingOf, shareOf, shareWith, stepOf, waitNotice } from './progress.ts';

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
/** The stages of every kind of operation, in the order in which the server passes them. */
const ORDER = {
  backup: ['prepare', 'copy', 'finish', 'verify'],
  restore: ['open', 'compare', 'stage', 'differences', 'lock', 'apply', 'indexes', 'links', 'commit', 'analyze'],
  plan: ['open', 'compare', 'stage', 'differences', 'rules'],
  verify: ['verify'],
  'upload of an archive': ['open', 'copy', 'verify'],
  'upload of a document': ['stage', 'copy', 'finish', 'verify'],
};
type Work = keyof typeof ORDER;
const WORKS = Object.keys(ORDER) as Work[];
const kindOf = (work: Work) => work.split(' ', 1)[0] ?? '';

describe('the share of the whole work', () => {
  test('only grows, for every kind, whatever each stage counts and estimates, and never says that all is done', () => {
    const counts = fc.record({ done: fc.nat(1000), more: fc.nat(1000), total: fc.nat(1500), inRows: fc.boolean() });
    fc.assert(
      fc.property(
        fc.constantFrom(...WORKS),
        fc.array(counts, { minLength: 10, maxLength: 10 }),
        fc.constantFrom(sendingOf(true), sendingOf(false), null),
        (work, all, sending) => {
          const kind = kindOf(work);
          let before: number | null = sending?.send.share ?? null;
          let own = 0;
          let step = sending?.send.steps ?? 0;
          for (const [at, stage] of ORDER[work].entries()) {
            const { done, more, total, inRows } = all[at] ?? { done: 0, more: 0, total: 0, inRows: false };
            for (const count of [0, done, done + more, 0]) {
              const counted = inRows ? { rows: count, totalRows: total } : { bytes: count, totalBytes: total };
              const operation = { kind, progress: { ...STILL, stage, ...counted } } as const;
              const share = shareOf(operation);
              // By itself it falls only within a stage whose counts do.
              if (count !== 0) expect(share ?? 0).toBeGreaterThanOrEqual(own);
              own = Math.max(own, share ?? 0);
              const shown = monotonicShare(before, sending ? shareWith(sending.send, share) : share);
              expect(shown).toBeGreaterThanOrEqual(before ?? 0);
              expect(shown).toBeLessThan(1);
              before = shown;
              const told = stepOf(operation, sending?.send);
              if (work !== 'verify' || sending) expect(told?.at).toBeGreaterThanOrEqual(step);
              expect(told?.at ?? 1).toBeLessThanOrEqual(told?.of ?? 1);
              step = told?.at ?? step;
            }
          }
          // Nothing is left to do but the last step.
          if (step > 0)
            expect(step).toBe(
              stepOf({ kind, progress: { ...STILL, stage: ORDER[work].at(-1) ?? '' } }, sending?.send)?.of ?? step,
            );
        },
      ),
    );
  });

  test('begins each stage where the one before has ended, so that it jumps nowhere', () => {
    for (const work of WORKS) {
      const kind = kindOf(work);
      for (const [at, stage] of ORDER[work].entries()) {
        const next = ORDER[work][at + 1];
        if (next === undefined) continue;
        const end = shareOf({ kind, progress: { ...STILL, stage, bytes: 100, totalBytes: 100 } }) ?? 0;
        const start = shareOf({ kind, progress: { ...STILL, stage: next } }) ?? 0;
        expect([work, next, start - end < 0.09]).toEqual([work, next, true]);
      }
    }
  });

  test('is that of the stage where a kind of work is not known, and not told where nothing is counted', () => {
    expect(shareOf({ kind: 'other', progress: { ...STILL, bytes: 1, totalBytes: 4 } })).toBe(0.25);
    expect(shareOf({ kind: 'other', progress: STILL })).toBeNull();
    expect(shareOf({ kind: 'backup', progress: null })).toBeNull();
  });

  test('stays where it was while nothing is counted, or the stage is a new one', () => {
    expect(monotonicShare(0.5, null)).toBe(0.5);
    expect(monotonicShare(0.5, 0.25)).toBe(0.5);
    expect(monotonicShare(null, 0.25)).toBe(0.25);
    expect(monotonicShare(null, null)).toBeNull();
  });

  test('has steps for every kind of operation the server knows', async () => {
    const source = await Bun.file(join(import.meta.dir, '../../../server/jobs/queue/requests.ts')).text();
    const kinds = [...source.matchAll(/kind: z\.literal\('(\w+)'\)/g)].map(([, kind = '']) => kind);
    expect(kinds.length).toBeGreaterThan(3);
    expect(new Set(WORKS.map(kindOf))).toEqual(new Set(kinds));
    for (const kind of kinds) expect(words.operation.kind(kind)).not.toBe(kind);
  });
});

test('stepOf() counts the steps of every kind, after those of sending a file', () => {
  const steps = (work: Work) =>
    ORDER[work].map((stage) => stepOf({ kind: kindOf(work), progress: { ...STILL, stage } }));
  expect(steps('upload of an archive').map((step) => step?.at)).toEqual([1, 2, 3]);
  expect(steps('upload of a document').map((step) => step?.at)).toEqual([1, 2, 2, 3]);
  const last = { kind: 'upload', progress: { ...STILL, stage: 'verify' } } as const;
  expect(stepOf(last, sendingOf(true).send)).toEqual({ at: 4, of: 4 });
  expect(stepOf(last, sendingOf(false).send)).toEqual({ at: 5, of: sendingOf(false).of });
  expect(steps('backup').map((step) => step?.at)).toEqual([1, 2, 3, 4]);
  expect(steps('restore').map((step) => step?.at)).toEqual([1, 2, 2, 2, 3, 3, 3, 3, 3, 4]);
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
  expect(stages.filter((stage) => words.operation.stage(stage, 'upload') === stage)).toEqual([]);
});
