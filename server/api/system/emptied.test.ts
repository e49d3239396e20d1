import { expect, test } from 'bun:test';
import type { StoredBackup } from '../../library/list.ts';
import { storedBackup } from '../backups/stored-backup.fixture.ts';
import { emptiedTables, lastFull } from './emptied.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const daysAgo = (days: number) => new Date(NOW.getTime() - days * 86_400_000);
const backup = (days: number, tables: Record<string, number>) => storedBackup(`${days}.zip`, daysAgo(days), { tables });

const empty = ['staff', 'loans', 'issues'].map((name) => ({ schema: 'public', name }));
function told(backups: StoredBackup[], restored: Parameters<typeof lastFull>[1] = null) {
  const groups = emptiedTables(lastFull(backups, restored, NOW), empty);
  return Object.fromEntries([...groups].map(([{ name }, tables]) => [name, tables.join()]));
}

test('an empty table is told with the newest backup that holds rows of it', () => {
  expect(told([backup(1, { staff: 1200, loans: 0 }), backup(2, { staff: 1000 })])).toEqual({ '1.zip': 'staff' });
  expect(told([backup(1, { other: 1 })])).toEqual({});
  expect(told([])).toEqual({});
});

test('a backup of the empty table, made the night after, does not silence it', () => {
  const nights = [backup(0, { staff: 0, loans: 0, issues: 7 }), backup(1, { staff: 20, loans: 3, issues: 7 })];
  expect(told(nights)).toEqual({ '1.zip': 'staff,loans', '0.zip': 'issues' });
  expect(told(nights.toReversed())).toEqual({ '1.zip': 'staff,loans', '0.zip': 'issues' });
});

test('a week later it is silent, but for the newest backup, which counts however old it is', () => {
  expect(told([backup(8, { staff: 1 }), backup(1, { staff: 0 })])).toEqual({});
  expect(told([backup(30, { staff: 1 }), backup(20, { staff: 1, loans: 0 })])).toEqual({ '20.zip': 'staff' });
});

test('a restore that left a table empty was meant: only what was backed up since is missed', () => {
  const restored = { finishedAt: daysAgo(1.5), tables: { staff: 0 } };
  const nights = [backup(2, { staff: 20, loans: 3 })];
  expect(told(nights, restored)).toEqual({ '2.zip': 'loans' });
  expect(told(nights, { ...restored, tables: { staff: 20 } })).toEqual({ '2.zip': 'staff,loans' });
  expect(told([...nights, backup(1, { staff: 2, loans: 0 })], restored)).toEqual({
    '2.zip': 'loans',
    '1.zip': 'staff',
  });
});
