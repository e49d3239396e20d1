import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { AppError } from '../../core/errors.ts';
import { cuttingProxy } from '../../testing/cutting-proxy.fixture.ts';
import { libraryScene, type Scene } from '../../testing/scene.fixture.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await libraryScene();
});
beforeEach(() => scene.reset());
afterAll(() => scene[Symbol.asyncDispose]());

describe('restoreArchive()', () => {
  test('promise 5: counts a connection lost after the COMMIT arrived as success: the record says so', async () => {
    await using proxy = await cuttingProxy(scene.database.url, 'COMMIT', 'after');
    const result = await scene.restore({ url: proxy.url, onStage: (stage) => stage === 'commit' && proxy.arm() });
    expect(proxy.cuts).toBe(1);
    expect(result.tables).toEqual({ readers: 20, books: 30, lendings: 500 });
    expect(await scene.state()).toBe(scene.archived);
    expect((await scene.records()).at(-1)).toBe('restore succeeded');
    expect(await scene.leftovers()).toEqual([]);
  });

  test('counts a connection lost before the COMMIT arrived as failure: the record says so', async () => {
    await using proxy = await cuttingProxy(scene.database.url, 'COMMIT', 'before');
    const restore = scene.restore({ url: proxy.url, onStage: (stage) => stage === 'commit' && proxy.arm() });
    expect((await rejection(restore)).code).toBe('CONNECTION_LOST');
    expect(proxy.cuts).toBe(1);
    expect(await scene.state()).toBe(scene.changed);
    expect((await scene.records()).at(-1)).toBe('restore failed');
    expect(await scene.leftovers()).toEqual([]);
  });

  test('counts a cancel that comes while the COMMIT is under way by what the record says', async () => {
    const cancel = new AbortController();
    const onStage = (stage: string) => stage === 'commit' && queueMicrotask(() => cancel.abort());
    const outcome = await scene.restore({ signal: cancel.signal, onStage }).then(
      () => 'succeeded',
      (error: unknown) => (error instanceof AppError && error.code === 'CANCELLED' ? 'cancelled' : String(error)),
    );
    expect((await scene.records()).at(-1)).toBe(`restore ${outcome}`);
    expect(await scene.state()).toBe(outcome === 'succeeded' ? scene.archived : scene.changed);
    expect(await scene.leftovers()).toEqual([]);
  });

  test('promise 5: puts rows and sequences back when its very last step fails', async () => {
    const receipt = (real: Parameters<NonNullable<NonNullable<Parameters<Scene['restore']>[0]>['receipt']>>[0]) => ({
      ...real,
      succeed: async () => {
        throw new AppError('UNEXPECTED', 'The record cannot be written.');
      },
    });
    expect((await rejection(scene.restore({ receipt }))).message).toBe(
      'The record cannot be written. Nothing was changed.',
    );
    expect(await scene.state()).toBe(scene.changed);
    const [next] = await scene.database.query<{ id: string }>(`SELECT nextval('lendings_id_seq') AS id`);
    expect(next?.id).toBe('502');
    await scene.database.query(`SELECT setval('lendings_id_seq', 501)`);
    expect(await scene.leftovers()).toEqual([]);
  });

  test('refuses to apply when somebody marked its operation as ended meanwhile', async () => {
    const receipt = (real: Parameters<NonNullable<NonNullable<Parameters<Scene['restore']>[0]>['receipt']>>[0]) => ({
      ...real,
      confirm: async (session: Parameters<typeof real.confirm>[0]) => {
        await scene.database.admin(
          `UPDATE backup_system.operations SET state = 'failed', finished_at = now() WHERE state = 'running'`,
        );
        await real.confirm(session);
      },
    });
    expect((await rejection(scene.restore({ receipt }))).code).toBe('RESTORE_REFUSED');
    expect(await scene.state()).toBe(scene.changed);
    expect(await scene.leftovers()).toEqual([]);
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
      const receipt = (real: Parameters<NonNullable<NonNullable<Parameters<Scene['restore']>[0]>['receipt']>>[0]) => ({
        ...real,
        succeed: async (...words: Parameters<typeof real.succeed>) => {
          await real.succeed(...words);
          // As a trigger of the record would.
          await words[0].query(sql);
        },
      });
      const error = await rejection(scene.restore({ receipt }));
      expect(error.code).toBe('RESTORE_REFUSED');
      expect(error.message).toContain(named);
      expect(await scene.state()).toBe(scene.changed);
      expect(await scene.leftovers()).toEqual([]);
    });

  test('promise 5: refuses to commit when somebody marked its operation as ended while it applied', async () => {
    const receipt = (real: Parameters<NonNullable<NonNullable<Parameters<Scene['restore']>[0]>['receipt']>>[0]) => ({
      ...real,
      succeed: async (...words: Parameters<typeof real.succeed>) => {
        await scene.database.admin(
          `UPDATE backup_system.operations SET state = 'failed', finished_at = now() WHERE state = 'running'`,
        );
        await real.succeed(...words);
      },
    });
    expect((await rejection(scene.restore({ receipt }))).code).toBe('RESTORE_REFUSED');
    expect(await scene.state()).toBe(scene.changed);
    expect((await scene.records()).at(-1)).toBe('restore failed');
    expect(await scene.leftovers()).toEqual([]);
  });
});
