import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { openSession } from '../../../db/connect/session.ts';
import { openRecords } from '../../../db/system/records.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { type TestRecords, testRecords } from '../../../db/testing/records.fixture.ts';
import { manualClock } from '../access.fixture.ts';
import { type Audit, createAudit } from './audit.ts';
import type { AuditEntry } from './audit-row.ts';

const never = new AbortController().signal;
const clock = manualClock(new Date('2026-11-23T12:00:00.123Z'));
let database: TestRecords;
let audit: Audit;

beforeAll(async () => {
  database = await testRecords();
  audit = createAudit({ records: database.records, now: clock.now });
});
afterAll(() => database[Symbol.asyncDispose]());

const entry = (over: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: 'maria@palace.example',
  address: '192.0.2.7',
  action: 'backups.create',
  outcome: 'allowed',
  ...over,
});
/** Runs statements past the triggers, as only a superuser can. */
const asSuperuser = (sql: string) =>
  database.admin(`BEGIN; SET LOCAL session_replication_role = replica; ${sql}; COMMIT`);
const startAnew = () =>
  asSuperuser(
    `DELETE FROM backup_system.audit; UPDATE backup_system.audit_head SET last_id = 0, hash = repeat('0', 64)`,
  );
const fill = async (rows: number) => {
  for (let n = 0; n < rows; n += 1) await audit.append(entry({ target: `backup_${n}.zip`, details: { n } }));
};

beforeEach(startAnew);

describe('append()', () => {
  test('chains rows without gaps or forks when twenty come at the same time, from two processes’ connections', async () => {
    const other = openRecords(database.url);
    try {
      const elsewhere = createAudit({ records: other.records, now: clock.now });
      await Promise.all(
        Array.from({ length: 100 }, (_, n) => (n % 2 ? audit : elsewhere).append(entry({ details: { n } }))),
      );
    } finally {
      await other.close();
    }
    const rows = await database.query<{ id: string; previous_hash: string; hash: string }>(
      'SELECT id, previous_hash, hash FROM backup_system.audit ORDER BY id',
    );
    expect(rows.map((row) => Number(row.id))).toEqual(Array.from({ length: 100 }, (_, n) => n + 1));
    expect(new Set(rows.map((row) => row.previous_hash)).size).toBe(100);
    expect(await audit.verify(never)).toEqual({ ok: true, rows: 100, brokenAt: null });
  });

  test('does not wait for ever for somebody who holds the head', async () => {
    await using holder = await openSession(database.url, { applicationName: 'holder', signal: never });
    await holder.query('BEGIN');
    await holder.query('SELECT FROM backup_system.audit_head FOR UPDATE');
    expect((await rejection(audit.append(entry()))).code).toBe('TABLE_BUSY');
    await holder.query('ROLLBACK');
    await audit.append(entry());
    expect(await audit.verify(never)).toEqual({ ok: true, rows: 1, brokenAt: null });
  });

  test('keeps whatever is given so that its hash can be made again', async () => {
    const text = () => fc.string({ unit: 'binary', maxLength: 700 });
    await fc.assert(
      fc.asyncProperty(
        text(),
        text(),
        fc.option(text(), { nil: undefined }),
        fc.option(fc.oneof(fc.uuid(), text()), { nil: undefined }),
        fc.dictionary(text(), fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.double(), fc.date(), fc.bigInt())),
        async (actor, action, target, operationId, details) => {
          await audit.append(
            entry({
              actor,
              action,
              details,
              ...(target !== undefined && { target }),
              ...(operationId !== undefined && { operationId }),
            }),
          );
        },
      ),
      { numRuns: 150 },
    );
    expect(await audit.verify(never)).toEqual({ ok: true, rows: 150, brokenAt: null });
  });

  test('masks what calls itself a secret, and keeps the row of details that are too long or a ring', async () => {
    const ring: Record<string, unknown> = {};
    ring.self = ring;
    await audit.append(entry({ details: { input: { password: 'hunter22', note: 'fine' } } }));
    await audit.append(entry({ details: ring }));
    await audit.append(entry({ details: { text: 'x'.repeat(100_000) } }));
    const { rows } = await audit.list({});
    expect(rows.map((row) => row.details)).toEqual([
      { tooLong: 100_011 },
      { unreadable: true },
      { input: { password: '***', note: 'fine' } },
    ]);
  });
});

describe('the table', () => {
  test('refuses change and removal to its owner', async () => {
    await fill(2);
    for (const sql of [
      `UPDATE backup_system.audit SET actor = 'nobody'`,
      'DELETE FROM backup_system.audit WHERE id = 1',
      'TRUNCATE backup_system.audit',
      'DELETE FROM backup_system.audit_head',
      'TRUNCATE backup_system.audit_head',
    ]) {
      await expect(database.query(sql)).rejects.toThrow('append-only');
    }
    expect(await audit.verify(never)).toEqual({ ok: true, rows: 2, brokenAt: null });
  });
});

describe('verify()', () => {
  beforeEach(() => fill(5));

  const columns: Record<string, string> = {
    at: `at + interval '1 millisecond'`,
    actor: `'somebody else'`,
    address: `'192.0.2.1'`,
    action: `'backups.list'`,
    outcome: `'denied'`,
    code: `'FORBIDDEN'`,
    target: 'NULL',
    operation_id: `'00000000-0000-4000-8000-000000000000'`,
    request_id: `'r'`,
    details: `'{}'`,
    previous_hash: `repeat('a', 64)`,
    hash: `repeat('a', 64)`,
  };
  for (const [column, value] of Object.entries(columns)) {
    test(`finds the row whose ${column} was changed by a superuser`, async () => {
      await asSuperuser(`UPDATE backup_system.audit SET ${column} = ${value} WHERE id = 3`);
      expect(await audit.verify(never)).toEqual({ ok: false, rows: 2, brokenAt: 3 });
    });
  }

  for (const [what, sql, brokenAt] of [
    ['a row in the middle was removed', 'DELETE FROM backup_system.audit WHERE id = 3', 3],
    ['the last row was removed', 'DELETE FROM backup_system.audit WHERE id = 5', 5],
    ['all rows were removed', 'DELETE FROM backup_system.audit', 1],
    [
      'a row was put before the first',
      `INSERT INTO backup_system.audit SELECT 0, at, actor, address, action, outcome, code, target, operation_id, request_id, details, previous_hash, hash FROM backup_system.audit WHERE id = 1`,
      1,
    ],
    [
      'a row was put after the last',
      `INSERT INTO backup_system.audit SELECT 6, at, actor, address, action, outcome, code, target, operation_id, request_id, details, previous_hash, hash FROM backup_system.audit WHERE id = 5`,
      6,
    ],
    [
      'two rows changed places',
      'UPDATE backup_system.audit SET id = CASE id WHEN 2 THEN 103 ELSE 102 END WHERE id IN (2, 3); UPDATE backup_system.audit SET id = id - 100 WHERE id > 100',
      2,
    ],
    ['the head was moved back', `UPDATE backup_system.audit_head SET hash = repeat('a', 64)`, 5],
  ] as const) {
    test(`finds that ${what}`, async () => {
      await asSuperuser(sql);
      expect(await audit.verify(never)).toMatchObject({ ok: false, brokenAt });
    });
  }

  test('is not misled by what is added while it reads', async () => {
    const appending = fill(20);
    const checks = await Promise.all(Array.from({ length: 10 }, () => audit.verify(never)));
    await appending;
    expect(checks.every((check) => check.ok)).toBe(true);
    expect(await audit.verify(never)).toEqual({ ok: true, rows: 25, brokenAt: null });
  });

  test('stops when it is told to', async () => {
    expect((await rejection(audit.verify(AbortSignal.abort()))).code).toBe('CANCELLED');
  });
});

describe('reading', () => {
  beforeEach(async () => {
    const operationId = '11111111-1111-4111-8111-111111111111';
    await audit.append(entry({ target: '100%_backup.zip', operationId }));
    clock.advance(1000);
    await audit.append(entry({ actor: 'tom@palace.example', outcome: 'denied', code: 'FORBIDDEN' }));
    clock.advance(1000);
    await audit.append(
      entry({ action: 'restores.start', outcome: 'failed', code: 'SCHEMA_MISMATCH', address: '2001:db8::1' }),
    );
  });
  afterEach(() => clock.advance(1000));

  const ids = async (filter: Parameters<Audit['list']>[0]) => (await audit.list(filter)).rows.map((row) => row.id);

  test('list() gives the rows asked for, newest first', async () => {
    expect(await ids({})).toEqual([3, 2, 1]);
    expect(await ids({ actor: 'tom@palace.example' })).toEqual([2]);
    expect(await ids({ action: 'restores.start' })).toEqual([3]);
    expect(await ids({ outcome: 'denied' })).toEqual([2]);
    expect(await ids({ code: 'SCHEMA_MISMATCH' })).toEqual([3]);
    expect(await ids({ operationId: '11111111-1111-4111-8111-111111111111' })).toEqual([1]);
    expect(await ids({ address: '2001:db8::1' })).toEqual([3]);
    expect(await ids({ search: 'TOM@' })).toEqual([2]);
    expect(await ids({ search: '0%_b' })).toEqual([1]);
    expect(await ids({ search: '%' })).toEqual([1]);
    expect(await ids({ from: clock.now() })).toEqual([3]);
    expect(await ids({ to: new Date(clock.now().getTime() - 1000) })).toEqual([2, 1]);
    expect(await ids({ outcome: 'allowed', actor: 'tom@palace.example' })).toEqual([]);
  });

  test('list() pages without gap or repeat', async () => {
    await fill(20);
    const seen: number[] = [];
    for (let before: number | undefined; ; ) {
      const page = await audit.list({ limit: 7, ...(before !== undefined && { before }) });
      seen.push(...page.rows.map((row) => row.id));
      if (page.next === null) break;
      before = page.next;
    }
    expect(seen).toEqual(Array.from({ length: 23 }, (_, n) => 23 - n));
  });

  test('rows() gives every row asked for, oldest first, over many pages, and stops when it is told to', async () => {
    await database.query(
      `INSERT INTO backup_system.audit (id, at, actor, address, action, outcome, previous_hash, hash)
       SELECT n, now(), 'many', '', 'x', 'allowed', '', '' FROM generate_series(4, 1503) AS n`,
    );
    const seen: number[] = [];
    for await (const row of audit.rows({ actor: 'many' }, never)) seen.push(row.id);
    expect(seen).toEqual(Array.from({ length: 1500 }, (_, n) => n + 4));
    const stop = new AbortController();
    const reading = (async () => {
      for await (const _ of audit.rows({}, stop.signal)) stop.abort();
    })();
    expect((await rejection(reading)).code).toBe('CANCELLED');
  });
});
