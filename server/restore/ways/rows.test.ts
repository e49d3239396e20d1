import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'bun:test';
import { connected } from '../../../db/testing/client.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { setBreakpoint } from '../../testing/faults.fixture.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';
import { until } from '../../testing/until.fixture.ts';

for (const server of testServers())
  describe(`a restore by rows on server ${server}`, () => {
    let library: TestLibrary;
    beforeAll(async () => {
      library = await testLibrary({ server });
    });
    beforeEach(async () => {
      await library.restore();
      await library.change();
    });
    afterAll(() => library[Symbol.asyncDispose]());

    test('is chosen where few rows differ, changes only these, and says so', async () => {
      const before = await written(library);
      const result = await library.restore({ apply: 'auto' });
      expect(await library.state()).toBe(library.archived);
      expect(result).toMatchObject({ way: 'rows', why: '74 of 550 rows differ', readersWaitMs: 0 });
      expect(result.changes).toEqual({
        readers: { added: 0, changed: 0, removed: 1 },
        books: { added: 0, changed: 1, removed: 0 },
        lendings: { added: 71, changed: 0, removed: 1 },
      });
      expect(await written(library)).toEqual(before);
      expect(await library.leftovers()).toEqual([]);
    });

    test('leaves the server’s count of rows true, so that a table that is emptied later is noticed', async () => {
      // What the changes before each test wrote may be unreported still.
      await library.database.query('SELECT pg_stat_force_next_flush()');
      await library.database.query('ANALYZE lendings');
      await library.restore({ apply: 'rows' });
      // A session reports what is still unreported when it ends.
      await until('the end of its sessions', async () => {
        const others = await library.database.query(
          `SELECT FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'palace-backup restore%'`,
        );
        return others.length === 0;
      });
      const [rows] = await library.database.query(
        `SELECT (SELECT count(*) FROM lendings)::int AS counted, n_live_tup::int AS live
           FROM pg_stat_user_tables WHERE relid = 'lendings'::regclass`,
      );
      expect(rows).toEqual({ counted: 500, live: 500 });
    });

    test('finds nothing to do right after a restore, and touches no row', async () => {
      await library.restore({ apply: 'rows' });
      expect(await library.restore({ apply: 'auto' })).toMatchObject({
        way: 'rows',
        why: 'no row differs',
        changes: {},
      });
      expect(await library.state()).toBe(library.archived);
    });

    for (const step of ['stage', 'sequences', 'indexes', 'record'] as const)
      test(`promise 14: at the step "${step}" readers of every isolation level read on at once, and see what was there before`, async () => {
        await using breakpoint = await setBreakpoint(library.database, step);
        const older = await connected(library.database.url);
        await older.query(`SET lock_timeout = 1; BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM books`);
        const restore = library.restore({ apply: 'rows' });
        await breakpoint.reached();
        const plain = await connected(library.database.url);
        await plain.query('SET lock_timeout = 1');
        const serializable = await connected(library.database.url);
        await serializable.query('SET lock_timeout = 1; BEGIN ISOLATION LEVEL SERIALIZABLE READ ONLY');
        for (const reader of [older, plain, serializable])
          expect((await reader.query(COUNTS)).rows).toEqual([{ readers: 21, books: 30, lendings: 430, titled: 1 }]);
        await breakpoint.resume();
        await restore;
        expect((await plain.query(COUNTS)).rows).toEqual([{ readers: 20, books: 30, lendings: 500, titled: 0 }]);
        for (const reader of [older, serializable])
          expect((await reader.query(COUNTS)).rows).toEqual([{ readers: 21, books: 30, lendings: 430, titled: 1 }]);
        for (const reader of [older, plain, serializable]) await reader.end();
        expect(await library.state()).toBe(library.archived);
      });

    test('waits for nobody once it holds the tables: rows that others lock are waited for before', async () => {
      const locker = await connected(library.database.url);
      await locker.query('BEGIN; SELECT FROM books WHERE id = 3 FOR UPDATE');
      const error = await rejection(library.restore({ apply: 'rows', lockGiveUpMs: 300 }));
      expect([error.code, await library.state()]).toEqual(['TABLE_BUSY', library.changed]);
      await locker.end();
    });

    for (const [what, sql] of Object.entries(MEANWHILE))
      test(`sees ${what} between the comparison and the lock`, async () => {
        const writer = await connected(library.database.url);
        // The table is in use until the restore has compared everything and waits for it.
        await writer.query('BEGIN; SAVEPOINT earlier; UPDATE readers SET mark = mark WHERE id = 20; RELEASE earlier');
        const blocked = Promise.withResolvers<void>();
        const restore = library.restore({ apply: 'auto', onEvent: (event) => event.blocked && blocked.resolve() });
        await blocked.promise;
        await writer.query(`${sql}; COMMIT`);
        await writer.end();
        expect((await restore).way).toBe('rows');
        expect(await library.state()).toBe(library.archived);
        expect(await library.leftovers()).toEqual([]);
      });

    test('compares a table that was equal once more when somebody wrote to it meanwhile', async () => {
      await library.restore();
      const writer = await connected(library.database.url);
      await writer.query(`BEGIN; UPDATE readers SET name = 'another' WHERE id = 20`);
      const blocked = Promise.withResolvers<void>();
      const restore = library.restore({ apply: 'auto', onEvent: (event) => event.blocked && blocked.resolve() });
      await blocked.promise;
      await writer.query('COMMIT');
      await writer.end();
      expect(await restore).toMatchObject({ way: 'rows', changes: { readers: { added: 0, changed: 1, removed: 0 } } });
      expect(await library.state()).toBe(library.archived);
    });

    test('gives way to a rewrite when it would lose rows to a rule that only all rows together keep', async () => {
      await library.database.query(`UPDATE books SET isbn = NULL WHERE id IN (1, 2)`);
      await library.database.query(
        `UPDATE books SET isbn = 'isbn 2' WHERE id = 1; UPDATE books SET isbn = 'isbn 1' WHERE id = 2`,
      );
      const refused = await rejection(library.restore({ apply: 'rows' }));
      expect([refused.code, refused.message]).toEqual(['RESTORE_REFUSED', expect.stringContaining('books_isbn_key')]);
      const result = await library.restore({ apply: 'auto' });
      expect(result).toMatchObject({
        way: 'rewrite',
        why: expect.stringContaining('change places among rows of books'),
      });
      expect(result.changes).toBeUndefined();
      expect(await library.state()).toBe(library.archived);
    });
  });

const COUNTS = `SELECT (SELECT count(*) FROM readers)::int AS readers, (SELECT count(*) FROM books)::int AS books, (SELECT count(*) FROM lendings)::int AS lendings,
  (SELECT count(*) FROM books WHERE title = 'another title')::int AS titled`;

const MEANWHILE = {
  'a row that is added': `INSERT INTO books (title) VALUES ('meanwhile')`,
  'a row that is changed': `UPDATE books SET title = 'meanwhile' WHERE id = 9`,
  'a row that is removed': 'DELETE FROM lendings WHERE id = 10',
  'a row that is removed and added again': `DELETE FROM lendings WHERE id = 10; INSERT INTO lendings VALUES (10, 1, 1, 'meanwhile')`,
  'the undoing of a difference': `UPDATE books SET title = 'title 3' WHERE id = 3; DELETE FROM readers WHERE name = 'a newcomer'`,
  'a row of a savepoint that was open': `UPDATE readers SET name = 'meanwhile' WHERE id = 19`,
  'everything that is removed': 'DELETE FROM lendings',
} as const;

/** Counts rows by the transaction that wrote them, for those that both the backup and live have unchanged. */
async function written(library: TestLibrary): Promise<object[]> {
  return library.database.query(`SELECT id, xmin::text FROM lendings WHERE id % 7 <> 0 AND id <= 500 ORDER BY id`);
}
