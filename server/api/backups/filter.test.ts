import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import type { StoredBackup } from '../../library/list.ts';
import { type BackupFilter, backupFilter, pageOf } from './filter.ts';
import { storedBackup } from './stored-backup.fixture.ts';

function backup(name: string, { rows = 1, ...change }: Partial<StoredBackup> & { rows?: number } = {}): StoredBackup {
  return storedBackup(name, new Date('2026-11-01T00:00:00Z'), { rows }, { size: 10, ...change });
}

const filterOf = (words: Record<string, unknown>): BackupFilter => backupFilter.parse(words);
const namesOf = (backups: StoredBackup[], words: Record<string, unknown>) =>
  pageOf(backups, filterOf(words)).items.map(({ name }) => name);

const SOME = [
  backup('a', { size: 3, createdAt: '2026-11-03T00:00:00.000Z', pinned: true, rows: 7 }),
  backup('b', {
    size: 1,
    createdAt: '2026-11-01T00:00:00.000Z',
    note: 'Before the MOVE',
    lastVerified: '2026-11-02T00:00:00.000Z',
  }),
  backup('c', {
    size: 2,
    createdAt: '2026-11-02T00:00:00.000Z',
    manifest: null,
    damaged: { code: 'ARCHIVE_DAMAGED', message: 'cut', foundAt: null },
  }),
];

describe('pageOf()', () => {
  test('sorts by each column, both ways', () => {
    expect(namesOf(SOME, {})).toEqual(['a', 'c', 'b']);
    expect(namesOf(SOME, { order: 'asc' })).toEqual(['b', 'c', 'a']);
    expect(namesOf(SOME, { sort: 'size' })).toEqual(['a', 'c', 'b']);
    expect(namesOf(SOME, { sort: 'name', order: 'asc' })).toEqual(['a', 'b', 'c']);
    expect(namesOf(SOME, { sort: 'rows' })).toEqual(['a', 'b', 'c']);
  });

  test('a backup that was copied here later stands at the moment it shows when sorted by that', () => {
    const old = backup('from elsewhere', { createdAt: '2026-11-09T00:00:00.000Z' });
    const all = [...SOME, old];
    expect(namesOf(all, { sort: 'createdAt' })).toEqual(['from elsewhere', 'a', 'c', 'b']);
    expect(namesOf(all, { sort: 'madeAt' })[0]).toBe('c');
    expect(namesOf(all, { sort: 'madeAt', order: 'asc' }).at(-1)).toBe('c');
  });

  test('filters by each fact, and by all of them at once', () => {
    expect(namesOf(SOME, { pinned: true })).toEqual(['a']);
    expect(namesOf(SOME, { verified: true })).toEqual(['b']);
    const found = { code: 'ARCHIVE_DAMAGED', message: 'Another sum.', foundAt: '2026-11-03T00:00:00.000Z' };
    const verifiedOnce = backup('d', { lastVerified: '2026-11-02T00:00:00.000Z', damaged: found });
    expect(namesOf([...SOME, verifiedOnce], { verified: true })).toEqual(['b']);
    expect(namesOf(SOME, { kind: 'full' })).toEqual(['a', 'b']);
    const broken = backup('broken', {
      damaged: { code: 'ARCHIVE_DAMAGED', message: 'No end.', foundAt: null },
      manifest: null,
    });
    expect(namesOf([...SOME, broken], { damaged: true })).toEqual(['c', 'broken']);
    expect(namesOf([...SOME, broken], { damaged: false })).toEqual(['a', 'b']);
    const lacking = storedBackup('lacking', new Date('2026-11-01T00:00:00Z'), { losses: 2 });
    expect(namesOf([...SOME, lacking], { outcome: 'partial' })).toEqual(['lacking']);
    expect(namesOf([...SOME, lacking], { outcome: 'success' })).toEqual(['a', 'b']);
    expect(namesOf(SOME, { search: 'the move' })).toEqual(['b']);
    expect(namesOf(SOME, { search: 'ADA' })).toEqual(['a', 'b']);
    expect(namesOf(SOME, { search: 'id of a' })).toEqual(['a']);
    expect(namesOf(SOME, { from: '2026-11-02T00:00:00Z', to: '2026-11-03T00:00:00Z' })).toEqual(['c']);
    expect(namesOf(SOME, { pinned: true, verified: true })).toEqual([]);
  });

  test('pages together hold every backup once, whatever the order', () => {
    const one = fc.record({ size: fc.integer({ min: 0, max: 3 }), rows: fc.integer({ min: 0, max: 2 }) });
    const sort = fc.constantFrom('name', 'createdAt', 'madeAt', 'size', 'rows');
    fc.assert(
      fc.property(
        fc.array(one, { maxLength: 40 }),
        sort,
        fc.constantFrom('asc', 'desc'),
        fc.integer({ min: 1, max: 9 }),
        (facts, by, order, limit) => {
          const all = facts.map((change, index) => backup(`n${index}`, change));
          const seen: string[] = [];
          for (let offset = 0; offset < all.length; offset += limit)
            seen.push(...namesOf(all, { sort: by, order, limit, offset }));
          expect(seen.toSorted()).toEqual(all.map(({ name }) => name).toSorted());
        },
      ),
    );
  });

  test('totals are of all that pass, not of the page', () => {
    expect(pageOf(SOME, filterOf({ limit: 1 }))).toMatchObject({ total: 3, totalSize: 6 });
  });
});
