import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { AppError } from '../../core/errors.ts';
import { cuttingProxy } from '../../testing/cutting-proxy.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

let library: TestLibrary;
beforeAll(async () => {
  library = await testLibrary();
});
beforeEach(() => library.reset());
afterAll(() => library[Symbol.asyncDispose]());

describe('restoreArchive()', () => {
  test('promise 5: counts a connection lost after the COMMIT arrived as success: the record says so', async () => {
    await using proxy = await cuttingProxy(library.database.url, 'COMMIT', 'after');
    const result = await library.restore({ url: proxy.url, onStage: (stage) => stage === 'commit' && proxy.arm() });
    expect(proxy.cuts).toBe(1);
    expect(result.tables).toEqual({ readers: 20, books: 30, lendings: 500 });
    expect(await library.state()).toBe(library.archived);
    expect((await library.records()).at(-1)).toBe('restore succeeded');
    expect(await library.leftovers()).toEqual([]);
  });

  test('counts a connection lost before the COMMIT arrived as failure: the record says so', async () => {
    await using proxy = await cuttingProxy(library.database.url, 'COMMIT', 'before');
    const restore = library.restore({ url: proxy.url, onStage: (stage) => stage === 'commit' && proxy.arm() });
    expect((await rejection(restore)).code).toBe('CONNECTION_LOST');
    expect(proxy.cuts).toBe(1);
    expect(await library.state()).toBe(library.changed);
    expect((await library.records()).at(-1)).toBe('restore failed');
    expect(await library.leftovers()).toEqual([]);
  });

  test('counts a cancel that comes while the COMMIT is under way by what the record says', async () => {
    const cancel = new AbortController();
    const onStage = (stage: string) => stage === 'commit' && queueMicrotask(() => cancel.abort());
    const outcome = await library.restore({ signal: cancel.signal, onStage }).then(
      () => 'succeeded',
      (error: unknown) => (error instanceof AppError && error.code === 'CANCELLED' ? 'cancelled' : String(error)),
    );
    expect((await library.records()).at(-1)).toBe(`restore ${outcome}`);
    expect(await library.state()).toBe(outcome === 'succeeded' ? library.archived : library.changed);
    expect(await library.leftovers()).toEqual([]);
  });

  test('promise 5: puts rows and sequences back when its very last step fails', async () => {
    const receipt = (
      real: Parameters<NonNullable<NonNullable<Parameters<TestLibrary['restore']>[0]>['receipt']>>[0],
    ) => ({
      ...real,
      succeed: async () => {
        throw new AppError('UNEXPECTED', 'The record cannot be written.');
      },
    });
    expect((await rejection(library.restore({ receipt }))).message).toBe(
      'The record cannot be written. Nothing was changed.',
    );
    expect(await library.state()).toBe(library.changed);
    const [next] = await library.database.query<{ id: string }>(`SELECT nextval('lendings_id_seq') AS id`);
    expect(next?.id).toBe('502');
    await library.database.query(`SELECT setval('lendings_id_seq', 501)`);
    expect(await library.leftovers()).toEqual([]);
  });

  test('refuses to apply when somebody marked its operation as ended meanwhile', async () => {
    const receipt = (
      real: Parameters<NonNullable<NonNullable<Parameters<TestLibrary['restore']>[0]>['receipt']>>[0],
    ) => ({
      ...real,
      confirm: async (session: Parameters<typeof real.confirm>[0]) => {
        await library.database.admin(
          `UPDATE backup_system.operations SET state = 'failed', finished_at = now() WHERE state = 'running'`,
        );
        await real.confirm(session);
      },
    });
    expect((await rejection(library.restore({ receipt }))).code).toBe('RESTORE_REFUSED');
    expect(await library.state()).toBe(library.changed);
    expect(await library.leftovers()).toEqual([]);
  });

  for (const [what, sql, named] of [
    [
      'draws from a restored sequence',
      `SELECT nextval('public.lendings_id_seq')`,
      'lendings_id_seq was drawn from or set',
    ],
    [
      'alters a restored table',
      'ALTER TABLE public.books SET (fillfactor = 50)',
      'relations books is not as it was (facts)',
    ],
    ['writes to a restored table', `UPDATE public.books SET title = 'one'`, 'rows of public.books were changed'],
  ] as const)
    test(`promise 5: refuses to commit when something ${what} at the end, naming it`, async () => {
      const receipt = (
        real: Parameters<NonNullable<NonNullable<Parameters<TestLibrary['restore']>[0]>['receipt']>>[0],
      ) => ({
        ...real,
        succeed: async (...words: Parameters<typeof real.succeed>) => {
          await real.succeed(...words);
          // As a trigger of the record would.
          await words[0].query(sql);
        },
      });
      const error = await rejection(library.restore({ receipt }));
      expect(error.code).toBe('RESTORE_REFUSED');
      expect(error.message).toContain(named);
      expect(await library.state()).toBe(library.changed);
      expect(await library.leftovers()).toEqual([]);
    });

  test('promise 5: refuses to commit when somebody marked its operation as ended while it applied', async () => {
    const receipt = (
      real: Parameters<NonNullable<NonNullable<Parameters<TestLibrary['restore']>[0]>['receipt']>>[0],
    ) => ({
      ...real,
      succeed: async (...words: Parameters<typeof real.succeed>) => {
        await library.database.admin(
          `UPDATE backup_system.operations SET state = 'failed', finished_at = now() WHERE state = 'running'`,
        );
        await real.succeed(...words);
      },
    });
    expect((await rejection(library.restore({ receipt }))).code).toBe('RESTORE_REFUSED');
    expect(await library.state()).toBe(library.changed);
    expect((await library.records()).at(-1)).toBe('restore failed');
    expect(await library.leftovers()).toEqual([]);
  });
});
