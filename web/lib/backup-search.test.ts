import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { backupFilter } from '../../server/api/backups/filter.ts';
import { filterOf } from './backup-search.ts';

test('an address asks for what it says', () => {
  expect(filterOf({})).toEqual({ limit: 25, offset: 0, sort: 'madeAt', order: 'desc' });
  expect(filterOf({ show: 'damaged' })).toMatchObject({ damaged: true });
  expect(filterOf({ search: 'before', show: 'pinned', sort: 'size asc', page: '3' })).toEqual({
    limit: 25,
    offset: 50,
    search: 'before',
    pinned: true,
    sort: 'size',
    order: 'asc',
  });
});

test('whatever an address says, the server understands the question', () => {
  const text = fc.option(fc.string({ unit: fc.constantFrom(...'a09 -_<>%') }), { nil: undefined });
  fc.assert(
    fc.property(fc.record({ show: text, sort: text, page: text, search: text }), ({ show, sort, page, search }) => {
      const address = Object.fromEntries(Object.entries({ show, sort, page, search }).filter(([, value]) => value));
      expect(backupFilter.safeParse(filterOf(address)).success).toBe(true);
    }),
  );
});
