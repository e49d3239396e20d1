import { expect, test } from 'bun:test';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ALONE, testRuns } from './test-runs.ts';

const [measuring = ''] = ALONE;
const namesIn = (words: string[]) => words.filter((word) => !word.startsWith('-'));

test('testRuns() keeps what measures away from the rest, and gives it its turn afterwards', () => {
  const [together, alone, ...more] = testRuns([], 3);
  expect(together?.words).toContain('--parallel=3');
  for (const file of ALONE) expect(together?.words).toContain(`--path-ignore-patterns=${file}`);
  expect(namesIn(together?.words ?? [])).toEqual([]);
  expect(namesIn(alone?.words ?? [])).toEqual(ALONE.map((file) => `./${file}`));
  expect(alone?.words).toContain('--parallel=2');
  expect(more).toEqual([]);
});

test('testRuns() runs what was named and nothing else', () => {
  const runs = (...words: string[]) => testRuns(words, 2).map((run) => [run.name, namesIn(run.words)]);
  expect(runs('./db/order', 'server/http')).toEqual([['together', ['db/order', 'server/http']]]);
  expect(runs(measuring)).toEqual([['alone', [`./${measuring}`]]]);
  expect(runs('db/', measuring)).toEqual([
    ['together', ['db/']],
    ['alone', [`./${measuring}`]],
  ]);
});

test('testRuns() hands flags to every run, with their values', () => {
  for (const { words } of testRuns(['-t', 'promise 5', '--bail', 'scripts'], 2)) {
    expect(words.join(' ')).toContain('-t promise 5 --bail');
    expect(words).toContain('--pass-with-no-tests');
  }
});

test('every file that runs alone is there', () => {
  expect(ALONE.filter((file) => !existsSync(join(import.meta.dir, '../..', file)))).toEqual([]);
});
