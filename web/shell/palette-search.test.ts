import { expect, test } from 'bun:test';
import { matchesAll } from './palette-search.ts';

test('matchesAll() finds every word in any order, whatever the capitals, and everything for nothing', () => {
  expect(matchesAll('Create backup', 'BACK cre')).toBe(true);
  expect(matchesAll('Create backup', ' backup ')).toBe(true);
  expect(matchesAll('Create backup', '')).toBe(true);
  expect(matchesAll('Create backup', 'create restore')).toBe(false);
});
