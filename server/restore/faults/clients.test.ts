import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import * as hrms from '../../../db/hrms/schema.ts';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { connected } from '../../../db/testing/client.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import type { ProgressEvent } from '../../core/progress.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { backupOf, restoreInto } from '../../testing/verbs.fixture.ts';

const RESTORES = campaign(4, 20);

test('restores again and again under six clients that read and write: no deadlock on either side, and no client ever sees an empty table', async () => {
  await using database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 60, seed: 5 });
  const archive = await backupOf(database, modelFromSchema(hrms));
  let over = false;
  let transactions = 0;
  const faults: string[] = [];
  const pairs = [
    ['staff', 'loans'],
    ['loans', 'staff'],
  ] as const;
  const client = async (number: number) => {
    const session = await connected(database.url);
    const [first, second] = pairs[number % 2] ?? pairs[0];
    for (let turn = 0; !over; turn++) {
      try {
        await session.query('BEGIN');
        for (const table of [first, second]) {
          const read = await session.query(`SELECT count(*)::int AS rows FROM ${table}`);
          const rows = read.rows[0]?.rows;
          if (rows !== archive.result.tables[table]) faults.push(`${table} had ${rows} rows`);
        }
        // Rows that no other client writes: a deadlock would then be the restore's fault.
        for (const table of [first, second])
          await session.query(
            `UPDATE ${table} SET "updatedAt" = now() WHERE id = (SELECT id FROM ${table} ORDER BY id OFFSET $1 LIMIT 1)`,
            [number],
          );
        await session.query('COMMIT');
        transactions++;
        await Bun.sleep((number * 7 + turn * 13) % 25);
      } catch (error) {
        faults.push(String((error as { code?: string }).code));
        await session.query('ROLLBACK');
      }
    }
    await session.end();
  };
  const clients = Array.from({ length: 6 }, (_, number) => client(number));
  try {
    for (let round = 0; round < RESTORES; round++) await restoreInto(database, archive, { lockGiveUpMs: 30_000 });
  } finally {
    over = true;
    await Promise.all(clients);
  }
  expect(faults).toEqual([]);
  expect(transactions).toBeGreaterThan(RESTORES);
}, 120_000);

describe('a transaction with an older snapshot', () => {
  let library: TestLibrary;
  beforeAll(async () => {
    library = await testLibrary();
  });
  afterEach(async () => {
    if ((await library.state()) !== library.changed) await library.change();
    expect(await library.state()).toBe(library.changed);
  });
  afterAll(() => library[Symbol.asyncDispose]());

  test('a restore waits for a transaction whose snapshot is older, and leaves its view whole', async () => {
    const reader = await connected(library.database.url);
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT 1 FROM backup_system.operations');
    let locking = false;
    const events: ProgressEvent[] = [];
    const restore = library.restore({
      onStage: (stage) => (locking ||= stage === 'lock'),
      onEvent: (event) => events.push(event),
    });
    while (!locking) await Bun.sleep(5);
    await Bun.sleep(300);
    expect((await reader.query('SELECT count(*)::int AS rows FROM books')).rows).toEqual([{ rows: 30 }]);
    expect((await reader.query('SELECT count(*)::int AS rows FROM readers')).rows).toEqual([{ rows: 21 }]);
    await reader.query('COMMIT');
    await restore;
    await reader.end();
    expect(await library.state()).toBe(library.archived);
    // A blocker is reported while there is one, not before nor after; rows being put in place are not counted as bytes.
    const waits = events.map(({ stage, blocked = false }) => `${stage} ${blocked}`);
    expect(waits.indexOf('lock true')).toBeGreaterThan(waits.indexOf('lock false'));
    expect(waits.indexOf('apply false')).toBeGreaterThan(waits.lastIndexOf('lock true'));
    const applied = events.filter(({ stage }) => stage === 'apply');
    expect(applied.map(({ bytes, totalBytes }) => [bytes, totalBytes])).toEqual(applied.map(() => [0, 0]));
    expect(applied.at(-1)?.rows).toBe(applied.at(-1)?.totalRows ?? -1);
    expect(events.filter(({ blocked }) => blocked).every(({ stage }) => stage === 'lock')).toBe(true);
  });

  test('a restore that gives up on a transaction with an older snapshot names it, and changes nothing', async () => {
    const reader = await connected(library.database.url, 'the monthly report');
    await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
    await reader.query('SELECT 1 FROM backup_system.operations');
    const error = await rejection(library.restore({ lockGiveUpMs: 700 }));
    const [pid] = (await reader.query<{ pid: number }>('SELECT pg_backend_pid() AS pid')).rows;
    await reader.query('COMMIT');
    await reader.end();
    expect(error.code).toBe('TABLE_BUSY');
    expect(error.message).toContain(`pid ${pid?.pid} (the monthly report)`);
    expect(await library.state()).toBe(library.changed);
    expect(await library.leftovers()).toEqual([]);
  });

  test('transactions with an older snapshot read on while the restore waits for them, and never see a table as empty', async () => {
    const readers = await Promise.all(Array.from({ length: 4 }, () => connected(library.database.url)));
    for (const reader of readers) {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ');
      await reader.query('SELECT 1 FROM backup_system.operations');
    }
    const locking = Promise.withResolvers<void>();
    const restore = library.restore({ onStage: (stage) => stage === 'lock' && locking.resolve() });
    await locking.promise;
    for (const reader of readers) {
      for (let turn = 0; turn < 30; turn++) {
        expect((await reader.query('SELECT count(*)::int AS rows FROM books')).rows).toEqual([{ rows: 30 }]);
      }
      await reader.query('COMMIT');
      await reader.end();
    }
    await restore;
    expect(await library.state()).toBe(library.archived);
  });
});
