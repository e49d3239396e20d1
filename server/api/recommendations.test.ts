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

const codes = (backups: StoredBackup[], freeBytes: number | null = null, state = 'succeeded') =>
  recommend({ backups, freeBytes, lastEnded: { kind: 'backup', state, finishedAt: NOW } }, NOW).map(
    ({ code, level }) => `${level} ${code}`,
  );

test('a fresh, verified backup with room for more needs nothing', () => {
  expect(codes([backup(0)], 10_000)).toEqual([]);
  expect(codes([backup(1)], null)).toEqual([]);
});

test('the next backup is due when the newest of all tables begins to be called old, and at once when there is none', () => {
  const due = nextDue([backup(0, {}, 'partial'), backup(1), backup(5)]);
  expect(due).toEqual(new Date('2026-11-21T12:00:00Z'));
  const at = (now: Date) => recommend({ backups: [backup(1)], freeBytes: null, lastEnded: null }, now);
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
  expect(recommend({ backups: [backup(8)], freeBytes: null, lastEnded: null }, NOW)[0]?.message).toContain('8 days');
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
