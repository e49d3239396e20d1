import { expect, test } from 'bun:test';
import type { StoredBackup } from '../backup/list.ts';
import { newestWhole, nextDue, recommend } from './recommendations.ts';

const NOW = new Date('2026-11-20T12:00:00Z');

function backup(days: number, change: Partial<StoredBackup> = {}, kind = 'full'): StoredBackup {
  const timestamp = new Date(NOW.getTime() - days * 86_400_000).toISOString();
  return {
    name: `${days}.zip`,
    size: 100,
    createdAt: timestamp,
    modifiedAt: timestamp,
    filePath: '',
    manifest: {
      backupId: '',
      version: '',
      databaseUrl: '',
      timestamp,
      createdBy: '',
      kind,
      digest: '',
      rows: 1,
      tables: {},
      warnings: 0,
    },
    damaged: null,
    uploaded: false,
    pinned: false,
    note: null,
    lastVerified: timestamp,
    lastProved: null,
    ...change,
  };
}

/** The same backup with these rows in its tables. */
function holding(of: StoredBackup, tables: Record<string, number>): StoredBackup {
  return { ...of, manifest: of.manifest && { ...of.manifest, tables } };
}

const codes = (backups: StoredBackup[], freeBytes: number | null = null, state = 'succeeded') =>
  recommend({ backups, freeBytes, empty: [], lastEnded: { kind: 'backup', state, finishedAt: NOW } }, NOW).map(
    ({ code, level }) => `${level} ${code}`,
  );

test('a fresh, verified backup with room for more needs nothing', () => {
  expect(codes([backup(0)], 10_000)).toEqual([]);
  expect(codes([backup(1)], null)).toEqual([]);
});

test('a table that holds no rows, and held some in a backup of the last week, is told with the backup that has them', () => {
  const empty = ['staff', 'loans', 'issues'].map((name) => ({ schema: 'public', name }));
  const told = (...backups: StoredBackup[]) =>
    recommend({ backups, freeBytes: null, empty, lastEnded: null }, NOW)
      .filter(({ code }) => code === 'TABLES_EMPTIED')
      .map(({ level, message, archive, tables }) => [level, archive, message.split('. ')[0], tables.join()]);
  expect(told(holding(backup(1), { staff: 1200, loans: 0 }))).toEqual([
    ['soon', '1.zip', 'staff holds no rows now, and 1.zip holds 1,200 of it', 'staff'],
  ]);
  // The night after the accident a backup of the empty table was made: the one before it is spoken of.
  const nights = [backup(0), backup(1), backup(2)].map((one, night) =>
    holding(one, { staff: night > 0 ? 20 : 0, loans: night > 0 ? 3 : 0, issues: 7 }),
  );
  expect(told(...nights.toReversed())).toEqual([
    ['soon', '1.zip', 'staff and loans hold no rows now, and 1.zip holds 23 of them', 'staff,loans'],
    ['soon', '0.zip', 'issues holds no rows now, and 0.zip holds 7 of it', 'issues'],
  ]);
  expect(told(holding(backup(8), { staff: 1 }))).toEqual([]);
  expect(told(holding(backup(1, { uploaded: true }), { staff: 1 }))).toEqual([]);
  expect(told(holding(backup(1, {}, 'partial'), { staff: 1 }))).toEqual([]);
});

test('the next backup is due when the newest of all tables begins to be called old, and at once when there is none', () => {
  const due = nextDue([backup(0, {}, 'partial'), backup(1), backup(5)]);
  expect(due).toEqual(new Date('2026-11-21T12:00:00Z'));
  const at = (now: Date) => recommend({ backups: [backup(1)], freeBytes: null, empty: [], lastEnded: null }, now);
  expect(at(new Date((due?.getTime() ?? 0) - 1))).toEqual([]);
  expect(at(due ?? NOW)).toMatchObject([{ code: 'BACKUP_OLD' }]);
  expect(nextDue([backup(0, {}, 'partial'), backup(0, { manifest: null })])).toBeNull();
});

test('an uploaded backup is not taken for one of this database, nor a moment that has not come for the newest', () => {
  const own = backup(3);
  expect(newestWhole([backup(0, { uploaded: true }), own])).toBe(own);
  const { manifest } = backup(-400);
  expect(newestWhole([backup(5, { manifest }), own])).toBe(own);
  expect(codes([backup(0, { uploaded: true })])).toEqual(['urgent NO_BACKUP']);
});

test('the last good backup is one of all tables that can be opened, whatever newer one is not', () => {
  const whole = backup(3);
  expect(newestWhole([backup(0, {}, 'partial'), backup(1, { manifest: null }), whole, backup(9)])).toBe(whole);
});

test('no backup of all tables is urgent, whatever else there is', () => {
  expect(codes([])).toEqual(['urgent NO_BACKUP']);
  expect(codes([backup(0, {}, 'partial')])).toEqual(['urgent NO_BACKUP']);
});

test('an old backup is said with its days, and is urgent after a week', () => {
  expect(codes([backup(3)])).toEqual(['soon BACKUP_OLD']);
  expect(codes([backup(8)])).toEqual(['urgent BACKUP_OLD']);
  const [old] = recommend({ backups: [backup(8)], freeBytes: null, empty: [], lastEnded: null }, NOW);
  expect(old?.message).toContain('8 days');
});

test('the newest backup counts, not the one that stands first', () => {
  expect(codes([backup(9), backup(0)])).toEqual([]);
});

test('what was never verified, is damaged, or has warnings is said', () => {
  expect(codes([backup(0, { lastVerified: null })])).toEqual(['soon LAST_NOT_VERIFIED']);
  const damaged = backup(0, { manifest: null, damaged: { code: 'ARCHIVE_DAMAGED', message: 'It was cut.' } });
  expect(codes([damaged, backup(1)])).toEqual(['urgent LAST_DAMAGED']);
  expect(codes([backup(0), { ...damaged, createdAt: backup(5).createdAt }])).toEqual(['note DAMAGED_BACKUPS']);
  const { manifest } = backup(0);
  expect(codes([backup(0, { manifest: manifest && { ...manifest, warnings: 2 } })])).toEqual([
    'note LAST_HAS_WARNINGS',
  ]);
});

test('little space is soon, less than one more backup is urgent', () => {
  expect(codes([backup(0)], 299)).toEqual(['soon LITTLE_SPACE']);
  expect(codes([backup(0)], 99)).toEqual(['urgent LITTLE_SPACE']);
  expect(codes([backup(0)], 300)).toEqual([]);
});

test('a failed last operation is said, after what is urgent', () => {
  expect(codes([backup(8)], null, 'failed')).toEqual(['urgent BACKUP_OLD', 'soon LAST_OPERATION_FAILED']);
});
