import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { openRecords, type RecordsClient } from '../../db/system/records.ts';
import { AppError } from '../core/errors.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { signalBackends } from '../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../testing/test-library.fixture.ts';
import { type Operation, type OperationInput, runOperation } from './operations.ts';
import { readOperation } from './queue/desk.ts';

let library: TestLibrary;
let client: RecordsClient;
let id: string;
beforeAll(async () => {
  library = await testLibrary();
  client = openRecords(library.database.url, { connections: 2 });
});
afterAll(async () => {
  await client.close();
  await library[Symbol.asyncDispose]();
});
beforeEach(() => {
  id = crypto.randomUUID();
});

const read = async () => {
  const view = await readOperation(client.records, id);
  if (!view) throw new Error('there is no record');
  return view;
};

function run<R extends object>(
  verb: (operation: Operation) => Promise<R>,
  over: Partial<OperationInput> & { signal?: AbortSignal } = {},
): Promise<R> {
  const { signal = new AbortController().signal, ...input } = over;
  const deps = { now: () => new Date(), newId: () => id, pause: (ms: number) => Bun.sleep(ms) };
  return runOperation(
    { ...deps, databaseUrl: library.database.url },
    { kind: 'verify', actor: 'a test', parameters: {}, wait: false, ...input },
    signal,
    verb,
  );
}

const copied = (rows: number) =>
  ({ stage: 'copy', rows, bytes: rows * 10, totalBytes: 10_000, table: 'public.books' }) as const;

describe('the record of a running operation', () => {
  test('shows progress while it runs, by few writes, and the last of it at the end', async () => {
    const seen = await run(async ({ report }) => {
      for (let rows = 1; rows <= 999; rows++) report(copied(rows));
      while ((await read()).progress === null) await Bun.sleep(5);
      const running = await read();
      report(copied(1000));
      return { running };
    });
    expect(seen.running).toMatchObject({ state: 'running', progress: { stage: 'copy', rows: 999 } });
    expect(seen.running.revision).toBeLessThan(20);
    const end = await read();
    expect(end).toMatchObject({ state: 'succeeded', progress: { rows: 1000, bytes: 10_000 } });
    expect(end.progress?.tables).toEqual({ 'public.books': { rows: 1000, bytes: 10_000 } });
    expect(end.revision).toBeGreaterThan(seen.running.revision);
  });

  test('goes on showing progress after the connection for it was lost', async () => {
    await run(async ({ report }) => {
      report(copied(1));
      while ((await read()).progress?.rows !== 1) await Bun.sleep(5);
      expect(await signalBackends(library.database, 'pg_terminate_backend', `palace-backup progress ${id}`)).toBe(1);
      for (let rows = 2; (await read()).progress?.rows === 1; rows++) {
        report(copied(rows));
        await Bun.sleep(20);
      }
      return {};
    });
    expect((await read()).state).toBe('succeeded');
  });

  test('names the archive as soon as it is known', async () => {
    await run(async (operation) => {
      await operation.nameArchive('some.zip');
      expect((await read()).archive).toBe('some.zip');
      return {};
    });
    expect((await read()).archive).toBe('some.zip');
  });

  test('takes an order to cancel from whoever can write it, and ends by it', async () => {
    const ended = run(async ({ signal }) => {
      await library.database.query(
        `UPDATE backup_system.operations SET cancel_requested_at = now(), cancel_requested_by = 'paul' WHERE id = '${id}'`,
      );
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      throw new AppError('CANCELLED', 'The work was cancelled.');
    });
    await expect(ended).rejects.toMatchObject({ code: 'CANCELLED', details: { by: 'paul' } });
    expect(await read()).toMatchObject({ state: 'cancelled', error: { code: 'CANCELLED', details: { by: 'paul' } } });
  });
});

test('a failure with a reason of its own keeps it, even when the operation was told to end', async () => {
  const leaving = new AbortController();
  const ended = run(
    async () => {
      leaving.abort();
      throw new AppError('CONNECTION_LOST', 'The outcome is not known.');
    },
    { signal: leaving.signal },
  );
  await expect(ended).rejects.toMatchObject({ code: 'CONNECTION_LOST' });
  expect(await read()).toMatchObject({ state: 'cancelled', error: { code: 'CONNECTION_LOST' } });
});

test('a queued record is begun once: a second one who takes it is told that it was ended, and changes nothing', async () => {
  await library.database.query(
    `INSERT INTO backup_system.operations (id, kind, state, actor, origin) VALUES ('${id}', 'verify', 'queued', 'a test', 'here')`,
  );
  expect(await run(async () => ({ done: true }), { queued: id })).toEqual({ done: true });
  const first = await read();
  let begun = false;
  const second = run(
    async () => {
      begun = true;
      return {};
    },
    { queued: id },
  );
  await expect(second).rejects.toMatchObject({ code: 'CANCELLED' });
  expect(begun).toBe(false);
  expect(await read()).toEqual(first);
});

test('where our tables are older than this program, a backup goes on without a record', async () => {
  await using old = await testLibrary();
  await old.database.query('ALTER TABLE backup_system.operations DROP COLUMN revision');
  const before = await old.records();
  const result = await old.backup(createMemoryStorage(() => new Date()));
  expect(result.verified).toBe(true);
  expect(await old.records()).toEqual(before);
});
