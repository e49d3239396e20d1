import { expect, test } from 'bun:test';
import { storedBackup } from '../api/backups/stored-backup.fixture.ts';
import { readFreshness } from './freshness.ts';
import type { StoredBackup } from './list.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const HOUR = 3_600_000;
const SERVER = { host: 'db:5432', database: 'hrms', systemIdentifier: '1' };

function made(hoursAgo: number, manifest: Partial<NonNullable<StoredBackup['manifest']>> = {}, change = {}) {
  const at = new Date(NOW.getTime() - hoursAgo * HOUR);
  const verified = { lastVerified: at.toISOString(), ...change };
  return storedBackup(`${hoursAgo}.zip`, at, { from: SERVER, ...manifest }, verified);
}

const read = (backups: StoredBackup[], only?: string) =>
  readFreshness(backups, { now: NOW, maxAgeMs: 26 * HOUR, only });

test('the last backup that is whole, read back and complete counts, however new others are', () => {
  const bad: [StoredBackup, string][] = [
    [made(1, { losses: 1 }), 'lacks something'],
    [made(1, { kind: 'partial' }), 'holds only some of the tables'],
    [made(1, {}, { lastVerified: null }), 'was never read back'],
    [
      made(1, {}, { damaged: { code: 'ARCHIVE_DAMAGED', message: '', foundAt: NOW.toISOString() } }),
      'was found damaged',
    ],
  ];
  for (const [newest, fault] of bad) {
    const [old] = read([newest, made(27)]);
    expect(old).toMatchObject({ isFresh: false, good: { name: '27.zip', ageMs: 27 * HOUR }, newest: { fault } });
    expect(read([newest, made(25)])[0]).toMatchObject({ isFresh: true, good: { name: '25.zip' } });
    expect(read([newest])[0]).toMatchObject({ isFresh: false, good: null });
  }
  expect(read([made(26)])[0]?.isFresh).toBe(true);
  expect(read([made(26.001)])[0]?.isFresh).toBe(false);
  expect(read([])).toEqual([]);
});

test('nothing that came from outside counts, nor what cannot be opened', () => {
  const broken = { manifest: null, damaged: { code: 'ARCHIVE_INVALID', message: '' } };
  expect(read([made(1, { kind: 'uploaded' }), made(1, {}, { uploaded: true }), made(1, {}, broken)])).toEqual([]);
});

test('each database of a folder is judged by itself: one that stopped is not hidden by another that goes on', () => {
  const other = { ...SERVER, systemIdentifier: '2', host: 'other:5432' };
  const moved = { ...SERVER, host: '127.0.0.1:5433' };
  const backups = [
    made(1),
    made(30, { from: other }),
    made(2, { from: moved }),
    made(40, { from: { ...SERVER, database: 'shop' } }),
  ];
  const told = (only?: string) => read(backups, only).map(({ database, isFresh }) => [database, isFresh]);
  expect(told()).toEqual([
    ['hrms at db:5432', true],
    ['hrms at other:5432', false],
    ['shop at db:5432', false],
  ]);
  expect(told('hrms')).toEqual([['hrms', true]]);
  expect(told('hrms at other:5432')).toEqual([['hrms at other:5432', false]]);
  expect(told('payroll')).toEqual([]);
});
