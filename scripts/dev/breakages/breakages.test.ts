import { describe, expect, test } from 'bun:test';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Breakage, broken, chooseBreakages } from './breakage.ts';
import { outcomeOf } from './outcome.ts';
import { BREAKAGES } from './table.ts';

/** Steps of the five flows, in their order. */
const STEPS = {
  create: ['coverage', 'snapshot', 'copy', 'finish', 'verify'],
  stage: ['check', 'make', 'copy', 'types'],
  apply: [
    'lock',
    'older snapshots',
    'moved tables',
    'take away',
    'empty',
    'fill',
    'put back',
    'compare',
    'sequences',
    'receipt',
    'commit',
  ],
  rows: ['look again', 'order', 'change'],
  accept: [
    'check',
    'verify',
    'known again',
    'space',
    'store',
    'read back',
    'document, probe',
    'document, sequences',
    'document, read back',
  ],
  'sign-in': ['address', 'account', 'password', 'account status', 'points', 'session', 'cookie', 'audit'],
};
const ROOT = join(import.meta.dir, '../../..');
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

describe('the table of breakages', () => {
  test('every breakage changes its file, at the one place where its text stands', () => {
    for (const breakage of BREAKAGES) {
      const source = read(breakage.file);
      expect([breakage.does, broken(source, breakage) === source]).toEqual([breakage.does, false]);
    }
  });

  test('all of them can be compiled together: none takes away what another one changes', () => {
    const sources = new Map(BREAKAGES.map(({ file }) => [file, read(file)]));
    for (const breakage of BREAKAGES) sources.set(breakage.file, broken(sources.get(breakage.file) ?? '', breakage));
    expect(sources.size).toBeGreaterThan(20);
  });

  test('every test that is named is there', () => {
    for (const { does, tests, named } of BREAKAGES) {
      const texts = tests.map(read);
      expect([does, tests.length > 0]).toEqual([does, true]);
      if (named !== undefined) expect([does, texts.some((text) => text.includes(named))]).toEqual([does, true]);
    }
  });

  test('every promise has at least three', () => {
    const promises = new Set([...read('DESIGN.md').matchAll(/^(\d+)\. /gm)].map(([, number]) => number));
    expect(promises.size).toBe(14);
    for (const number of promises) {
      const broken = BREAKAGES.filter(({ breaks }) => breaks === `promise ${number}`).length;
      expect([number, broken >= 3]).toEqual([number, true]);
    }
  });

  test('every step has at least one, and those of a backup are the ones that DESIGN.md names', () => {
    const broken = new Set(BREAKAGES.flatMap(({ breaks }) => (breaks.startsWith('step') ? [breaks.slice(5)] : [])));
    const steps = Object.entries(STEPS).flatMap(([flow, names]) => names.map((name) => `${flow}: ${name}`));
    expect([...broken].sort()).toEqual(steps.sort());
    const [, backup = ''] = /## How a backup runs(.*?)\n## /s.exec(read('DESIGN.md')) ?? [];
    expect([...backup.matchAll(/\*\*(\w+)\*\*/g)].map(([, name]) => name?.toLowerCase())).toEqual(STEPS.create);
  });

  test('each is told apart from all others', () => {
    const words = BREAKAGES.map(({ breaks, does }) => `${breaks}: ${does}`);
    expect(new Set(words).size).toBe(words.length);
  });
});

const EXAMPLE: Breakage = {
  breaks: 'promise 5',
  does: 'two are one',
  file: 'a.ts',
  find: 'one',
  replace: '$& or two',
  tests: ['a.test.ts'],
};

test('broken() changes what stands once, to the letter, and throws for what stands there twice or not at all', () => {
  expect(broken('only one here', EXAMPLE)).toBe('only $& or two here');
  expect(() => broken('none', { ...EXAMPLE, find: 'two' })).toThrow('"two are one": the text to change stands 0 times');
  expect(() => broken('one or one', EXAMPLE)).toThrow('stands 2 times in a.ts');
});

test('chooseBreakages() takes what holds every word', () => {
  const other: Breakage = { ...EXAMPLE, breaks: 'step stage: copy' };
  expect(chooseBreakages([EXAMPLE, other], [])).toEqual([EXAMPLE, other]);
  expect(chooseBreakages([EXAMPLE, other], ['a.ts', 'promise 5'])).toEqual([EXAMPLE]);
  expect(chooseBreakages([EXAMPLE, other], ['promise 5', 'stage'])).toEqual([]);
  expect(chooseBreakages([{ ...EXAMPLE, breaks: 'promise 50' }], ['promise 5'])).toEqual([]);
});

test('outcomeOf() tells a test that failed from none that ran', () => {
  const report = (passed: number, failed: number) =>
    `<testsuites tests="${passed + failed}" failures="${failed}" skipped="0">${'<testcase name="good" />'.repeat(passed)}${'<testcase name="a &quot;b&quot;" line="2">\n <failure/></testcase>'.repeat(failed)}</testsuites>`;
  expect(outcomeOf(1, report(2, 1))).toEqual({ kind: 'found', by: 'a "b"' });
  expect(outcomeOf(0, report(2, 0))).toEqual({ kind: 'survived' });
  // A name that no test has, a file that cannot be loaded, a process that died.
  expect(outcomeOf(1, report(0, 0))).toEqual({ kind: 'did not run' });
  expect(outcomeOf(1, null)).toEqual({ kind: 'did not run' });
  expect(outcomeOf(1, report(2, 0))).toEqual({ kind: 'did not run' });
});
