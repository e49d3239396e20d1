import { expect, test } from 'bun:test';
import type { StoredBackup } from '../../library/list.ts';
import { storedBackup } from '../backups/stored-backup.fixture.ts';
import { newestWhole, nextDue, recommend } from './recommendations.ts';

const NOW = new Date('2026-11-20T12:00:00Z');

/** Returns a verified backup that is `days` days old. */
function backup(days: number, change: Partial<StoredBackup> = {}, kind = 'full'): StoredBackup {
  const at = new Date(NOW.getTime() - days * 86_400_000);
  return storedBackup(`${days}.zip`, at, { kind }, { lastVerified: at.toISOString(), ...change });
}

/** Returns the same backup with these rows in its tables. */
function holding(of: StoredBackup, tables: Record<string, number>): StoredBackup {
  return { ...of, manifest: of.manifest && { ...of.manifest, tables } };
}

const codes = (backups: StoredBackup[], freeBytes: number | null = null, state = 'succeeded') =>
  recommend({ backups, freeBytes, emptied: new Map(), lastEnded: { kind: 'backup', state, finishedAt: NOW } }, NOW).map(
    ({ code, level }) => `${level} ${code}`,
  );

test('a fresh, verified backup with room for more needs nothing', () => {
  expect(codes([backup(0)], 10_000)).toEqual([]);
  expect(codes([backup(1)], null)).toEqual([]);
});

test('tables that were emptied are told with the backup that holds them, and how many rows', () => {
  const told = (...tables: string[]) => {
    const held = holding(backup(1), { staff: 1200, loans: 3, issues: 7, files: 1 });
    return recommend({ backups: [held], freeBytes: null, emptied: new Map([[held, tables]]), lastEnded: null }, NOW)[0];
  };
  expect(told('staff')).toEqual({
    level: 'soon',
    code: 'TABLES_EMPTIED',
    message:
      'staff holds no rows now, and 1.zip holds 1,200 of it. If nobody meant that, bring them back from that backup.',
    archive: '1.zip',
    tables: ['staff'],
  });
  expect(told('staff', 'loans')?.message).toStartWith(
    'staff and loans hold no rows now, and 1.zip holds 1,203 of them.',
  );
  expect(told('staff', 'loans', 'issues', 'files')?.message).toStartWith('staff, loans, issues and 1 more table hold');
});

test('the next backup is due when the newest of all tables begins to be called old, and at once when there is none', () => {
  const due = nextDue([backup(0, {}, 'partial'), backup(1), backup(5)]);
  expect(due).toEqual(new Date('2026-11-21T12:00:00Z'));
  const at = (now: Date) =>
    recommend({ backups: [backup(1)], freeBytes: null, emptied: new Map(), lastEnded: null }, now);
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
  const [old] = recommend({ backups: [backup(8)], freeBytes: null, emptied: new Map(), lastEnded: null }, NOW);
  expect(old?.message).toContain('8 days');
});

test('the newest backup counts, not the one that stands first', () => {
  expect(codes([backup(9), backup(0)])).toEqual([]);
});

test('what was never verified, is damaged, or has warnings is said', () => {
  expect(codes([backup(0, { lastVerified: null })])).toEqual(['soon LAST_NOT_VERIFIED']);
  const damaged = backup(0, {
    manifest: null,
    damaged: { code: 'ARCHIVE_DAMAGED', message: 'It was cut.', foundAt: null },
  });
  expect(codes([damaged, backup(1)])).toEqual(['urgent LAST_DAMAGED']);
  expect(codes([backup(0), { ...damaged, createdAt: backup(5).createdAt }])).toEqual(['note DAMAGED_BACKUPS']);
  const found = { code: 'ARCHIVE_DAMAGED', message: 'Another sum.', foundAt: backup(0).createdAt };
  expect(codes([backup(0, { damaged: found }), backup(1)])).toEqual(['urgent LAST_DAMAGED']);
  expect(codes([backup(0), backup(5, { damaged: found })])).toEqual(['soon DAMAGED_BACKUPS']);
  expect(codes([backup(0, { damaged: found })])).toContain('urgent NO_BACKUP');
  const { manifest } = backup(0);
  expect(codes([backup(0, { manifest: manifest && { ...manifest, warnings: 2 } })])).toEqual([
    'note LAST_HAS_WARNINGS',
  ]);
});

test('promise 6: a backup that does not hold everything is not passed over in silence', () => {
  const lacking = (losses: number) => {
    const { manifest } = backup(0);
    return backup(0, { manifest: manifest && { ...manifest, losses } });
  };
  expect(codes([lacking(1), backup(1)])).toEqual(['soon LAST_INCOMPLETE']);
  const facts = { freeBytes: null, emptied: new Map(), lastEnded: null };
  expect(recommend({ backups: [lacking(2)], ...facts }, NOW)[0]).toMatchObject({
    message: expect.stringContaining('2 things of the database are missing'),
    archive: '0.zip',
  });
  expect(codes([backup(0), lacking(0)])).toEqual([]);
});

test('little space is soon, less than one more backup is urgent', () => {
  expect(codes([backup(0)], 299)).toEqual(['soon LITTLE_SPACE']);
  expect(codes([backup(0)], 99)).toEqual(['urgent LITTLE_SPACE']);
  expect(codes([backup(0)], 300)).toEqual([]);
});

test('a failed last operation is said, after what is urgent', () => {
  expect(codes([backup(8)], null, 'failed')).toEqual(['urgent BACKUP_OLD', 'soon LAST_OPERATION_FAILED']);
});
