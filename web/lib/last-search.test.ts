import { expect, test } from 'bun:test';
import { asLeft, forgetSearches, rememberSearch } from './last-search.ts';

test('asLeft() leads back to the search as it was last, each page to its own, and to none for the next person', () => {
  rememberSearch('/backups', '?search=old');
  rememberSearch('/backups', '?search=july&page=2');
  rememberSearch('/operations', '');
  expect(asLeft('/backups')).toBe('/backups?search=july&page=2');
  expect(asLeft('/operations')).toBe('/operations');
  expect(asLeft('/audit')).toBe('/audit');
  forgetSearches();
  expect(asLeft('/backups')).toBe('/backups');
});
