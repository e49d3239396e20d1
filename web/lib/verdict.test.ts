import { expect, test } from 'bun:test';
import type { Status } from '../api.ts';
import { verdictOf } from './verdict.ts';

const status: Status = {
  version: '1',
  runtime: 'Bun',
  startedAt: '2026-01-01T00:00:00Z',
  secureCookies: true,
  databaseAddress: 'postgres://db/hrms',
  database: { name: 'hrms', version: '18', size: 1, tables: [] },
  schema: { missing: [], unknown: [] },
  migrations: 'newest',
  queue: { worker: true, queued: 0, running: 0, waitingSince: null },
  storage: { label: '/b', freeBytes: 1, usedBytes: 1, backups: 1, writable: true },
  lastBackup: { fileName: 'a.zip', timestamp: '2026-01-01T00:00:00Z', rows: 1 },
  nextDue: '2026-01-03T00:00:00Z',
  lastFailure: null,
  recommendations: [],
  troubles: [],
};
const note = { code: 'X', level: 'note', message: 'a note' } as const;
const soon = { code: 'X', level: 'soon', message: 'do it soon' } as const;
const urgent = { code: 'X', level: 'urgent', message: 'do it now' } as const;

test('data is called safe only when nothing urgent or soon is to be done, and everything could be looked at', () => {
  expect(verdictOf(status)).toMatchObject({ level: 'safe', from: null });
  expect(verdictOf({ ...status, recommendations: [note] })).toMatchObject({ level: 'safe' });
  expect(verdictOf({ ...status, recommendations: [note, soon] })).toMatchObject({
    level: 'soon',
    because: 'do it soon',
  });
  expect(verdictOf({ ...status, recommendations: [urgent, soon] })).toMatchObject({
    level: 'unsafe',
    because: 'do it now',
    from: urgent,
  });
});

test('what cannot be seen is never called safe', () => {
  const troubles: Status['troubles'] = [
    { part: 'database', code: 'DATABASE_UNREACHABLE', message: 'The database does not answer.', hint: null },
  ];
  expect(verdictOf({ ...status, database: null, troubles }).level).toBe('unknown');
  expect(verdictOf({ ...status, storage: null, troubles })).toMatchObject({
    level: 'unknown',
    because: 'The database does not answer.',
  });
  expect(verdictOf({ ...status, database: null, recommendations: [urgent], troubles }).level).toBe('unsafe');
});
