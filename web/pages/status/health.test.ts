import { expect, test } from 'bun:test';
import type { Recommendation, Status } from '../../api.ts';
import { type ClientFacts, healthOf } from './health.ts';
import { HEALTHY as status } from './status.fixture.ts';

const NOW = new Date('2026-11-23T12:00:00Z');
const here: ClientFacts = { now: NOW, serverAheadMs: 40, isEncrypted: true, isLocal: false };
const found = (name: string, change: Partial<Status>, at: Partial<ClientFacts> = {}) =>
  healthOf({ ...status, ...change }, { ...here, ...at }).find((check) => check.name === name);

test('all is good only when all is good', () => {
  expect(healthOf(status, here).filter(({ state }) => state !== 'good')).toEqual([]);
});

test('a database that does not answer says why and what to do, and what hangs on it is not known rather than good', () => {
  const checks = healthOf(
    {
      ...status,
      database: null,
      schema: null,
      migrations: null,
      queue: null,
      troubles: [{ part: 'database', code: 'DATABASE_UNREACHABLE', message: 'Nobody at port 1.', hint: 'Start it.' }],
    },
    here,
  );
  expect(checks[0]).toEqual({
    name: 'Database',
    state: 'bad',
    text: 'The database does not answer. Nobody at port 1.',
    hint: 'Start it.',
    href: null,
  });
  expect(checks.filter(({ state }) => state === 'unknown').map(({ name }) => name)).toEqual([
    'Tables',
    'Palace Backup’s own tables',
    'Worker',
    'Last failure',
  ]);
});

test('what could not be asked is not known rather than good, for its own reason', () => {
  const trouble = (part: Status['troubles'][number]['part'], message: string) => ({
    part,
    code: 'STALLED',
    message,
    hint: null,
  });
  const troubles = [trouble('operations', 'Slow.'), trouble('queue', 'Away.')];
  expect(found('Last failure', { troubles })?.state).toBe('unknown');
  expect(found('Worker', { troubles, queue: null })?.text).toContain('Away.');
  expect(found('Last good backup', { storage: null, lastBackup: null })?.state).toBe('unknown');
  expect(found('Clocks', {}, { serverAheadMs: null })?.state).toBe('unknown');
});

test('own tables that are behind the program are worse than those ahead of it', () => {
  expect(found('Palace Backup’s own tables', { migrations: 'older' })?.state).toBe('bad');
  expect(found('Palace Backup’s own tables', { migrations: 'newer' })?.state).toBe('warn');
});

test('tables that are missing are worse than tables nobody decided about; both are named', () => {
  const schema = { missing: ['public.staff'], unknown: ['public.new_one', 'x.y'], leftOut: [] };
  expect(found('Tables', { schema })).toMatchObject({ state: 'bad', text: expect.stringContaining('staff') });
  expect(found('Tables', { schema: { ...schema, missing: [] } })).toMatchObject({
    state: 'warn',
    text: expect.stringContaining('new_one, x.y'),
  });
  const many = Array.from({ length: 11 }, (_, index) => `public.t${index}`);
  const text = (missing: string[]) => found('Tables', { schema: { missing, unknown: [], leftOut: [] } })?.text;
  expect(text(many)).toContain('t9, …');
  expect(text(many.slice(0, 10))).not.toContain('…');
});

test('what is left out on purpose is named, and is no trouble', () => {
  const leftOut = [
    { name: 'public.old', what: 'table' as const, reason: 'moved' },
    { name: 'public.staff', what: 'rows' as const, reason: 'too large' },
  ];
  expect(found('Tables', { schema: { missing: [], unknown: [], leftOut } })).toMatchObject({
    state: 'good',
    text: expect.stringContaining('there are no unknown ones. Left out on purpose: old, rows of staff.'),
  });
});

test('a worker that is not there, and one that does not get on, are told apart', () => {
  const queue = { worker: true, queued: 1, running: 1, waitingSince: '2026-11-23T11:59:00Z' };
  expect(found('Worker', { queue })?.state).toBe('good');
  expect(found('Worker', { queue: { ...queue, waitingSince: '2026-11-23T11:30:00Z' } })?.state).toBe('warn');
  expect(found('Worker', { queue: { ...queue, worker: false } })).toMatchObject({
    state: 'bad',
    text: 'No worker is connected; 1 operation waits for one.',
  });
});

test('a table that was emptied is not called good, and what to do is said', () => {
  const emptied: Recommendation = {
    code: 'TABLES_EMPTIED',
    level: 'soon',
    message: 'Restore.',
    archive: 'a.zip',
    tables: ['staff'],
  };
  expect(found('Tables', { recommendations: [emptied] })).toMatchObject({ state: 'warn', hint: 'Restore.' });
  const more: Recommendation = { ...emptied, message: 'These, too.', archive: 'b.zip', tables: ['loans', 'issues'] };
  expect(found('Tables', { recommendations: [emptied, more] })).toMatchObject({
    text: '3 tables that recently held rows are empty.',
    hint: 'Restore. These, too.',
  });
});

test('a storage that cannot be written to is bad, however much of it can be read', () => {
  const storage = { freeBytes: 1, usedBytes: 1, backups: 1, writable: false };
  expect(found('Storage', { storage })?.state).toBe('bad');
  expect(found('Storage', { storage: null })?.state).toBe('bad');
  const little: Recommendation = { code: 'LITTLE_SPACE', level: 'soon', message: 'Little.', archive: null, tables: [] };
  expect(found('Storage', { recommendations: [little] })).toMatchObject({ state: 'warn', hint: 'Little.' });
  expect(found('Storage', { recommendations: [{ ...little, level: 'urgent' }] })?.state).toBe('bad');
});

test('no backup is bad; a failure counts for a day', () => {
  const none: Recommendation = { code: 'NO_BACKUP', level: 'urgent', message: 'Make one.', archive: null, tables: [] };
  expect(found('Last good backup', { lastBackup: null, recommendations: [none] })?.state).toBe('bad');
  for (const code of ['BACKUP_OLD', 'LAST_DAMAGED', 'LAST_INCOMPLETE'] as const) {
    const old: Recommendation = { code, level: 'soon', message: 'Look.', archive: null, tables: [] };
    expect(found('Last good backup', { recommendations: [old] })).toMatchObject({ state: 'warn', hint: 'Look.' });
  }
  const failure = { id: '1', kind: 'backup', archive: null, code: 'DISK_FULL', message: 'Full.' };
  expect(found('Last failure', { lastFailure: { ...failure, at: '2026-11-23T02:00:00Z' } })?.state).toBe('warn');
  expect(found('Last failure', { lastFailure: { ...failure, at: '2026-11-20T02:00:00Z' } })?.state).toBe('good');
});

test('an open connection is bad but on the machine itself; clocks may differ by a breath', () => {
  expect(found('Connection', { secureCookies: false }, { isEncrypted: false })?.state).toBe('bad');
  expect(found('Connection', { secureCookies: false }, { isEncrypted: false, isLocal: true })?.state).toBe('good');
  expect(found('Connection', { secureCookies: false })?.state).toBe('warn');
  expect(found('Clocks', {}, { serverAheadMs: -4000 })?.state).toBe('good');
  expect(found('Clocks', {}, { serverAheadMs: -65_000 })).toMatchObject({
    state: 'warn',
    text: 'This computer is 1 min 5 s ahead of the server.',
  });
  expect(found('Clocks', {}, { serverAheadMs: 3_600_000 })?.state).toBe('bad');
});
