import { afterAll, afterEach, beforeAll, describe, expect, test } from 'bun:test';
import { openSession, type Session } from '../../db/connect/session.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { readTables } from '../postgres/catalog/catalog.ts';
import { missingForRestore, type RewriteTarget } from '../postgres/preflight/restore-rights.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';
import { everyLoss, type Loss, RIGHTS_MODEL, RIGHTS_SQL } from './rights.fixture.ts';

const ROLE = 'preflight_owner';

/** Rights found by restoring without any check of rights: a restore fails without one of these, and without no other. */
const NEEDED = [
  'CREATE on database',
  'CREATE on schema shop',
  'EXECUTE on function kit.folded(text)',
  'EXECUTE on function kit.positive(integer)',
  'EXECUTE on function kit.short(text)',
  'EXECUTE on function kit.twice(integer)',
  ...['goods', 'makers', 'sales'].map((name) => `INSERT on table shop.${name}`),
  ...['goods', 'makers'].map((name) => `REFERENCES on table shop.${name}`),
  ...['aside.numbers', 'shop.goods_id_seq', 'shop.makers_id_seq'].flatMap((name) =>
    ['SELECT', 'UPDATE'].map((right) => `${right} on sequence ${name}`),
  ),
  ...['aside.countries', 'shop.empty', 'shop.goods', 'shop.makers', 'shop.sales_new', 'shop.sales_old'].map(
    (name) => `SELECT on table ${name}`,
  ),
  ...['empty', 'goods', 'makers', 'sales'].map((name) => `TRUNCATE on table shop.${name}`),
  'UPDATE on table aside.countries',
  'USAGE on domain kit.amount',
  ...['aside', 'kit', 'shop'].map((name) => `USAGE on schema ${name}`),
  ...['mood', 'pair'].map((name) => `USAGE on type kit.${name}`),
];

for (const server of testServers()) {
  describe(`rights that a restore needs, on server ${server}`, () => {
    let database: TestDatabase;
    let made: MadeBackup;
    let losses: Loss[];
    let session: Session;
    let targets: RewriteTarget[];
    beforeAll(async () => {
      database = await testDatabase({ server, owner: ROLE });
      await database.query(RIGHTS_SQL);
      made = await backupOf(database, RIGHTS_MODEL);
      await restoreInto(database, made);
      losses = await everyLoss(database, ROLE);
      session = await openSession(database.url, {
        applicationName: 'a test',
        signal: new AbortController().signal,
      });
      const tables = await readTables(session, made.manifest.tables, new Map());
      targets = tables.map(({ oid, name, columns }) => ({
        oid,
        columns: columns.filter((column) => !column.generated).map((column) => column.name),
        filled: name !== 'empty',
      }));
    });
    // Gives back what a failed test has revoked.
    afterEach(() => database.admin(losses.map(({ restore }) => restore).join('; ')));
    afterAll(async () => {
      await session.close();
      await database[Symbol.asyncDispose]();
    });

    const missing = () =>
      missingForRestore(
        session,
        targets,
        made.manifest.sequences.map(({ schema, name }) => ({ schema, name, set: true })),
      );

    const named = (label: string) => label.replace(/ t_\d.*/, '');
    const single = () => losses.filter(({ label }) => /^[A-Z]+ on/.test(label));
    const needed = ({ label }: Loss) => label.startsWith('ALL') || NEEDED.includes(named(label));

    test('promise 11: each right that a restore needs is named when it is taken away, with the statement that gives it back', async () => {
      expect(
        single()
          .map(({ label }) => named(label))
          .filter((label) => NEEDED.includes(label))
          .sort(),
      ).toEqual(NEEDED.sort());
      // A statement that did not give everything back is noticed by the next check.
      let given: { label: string; grants: string[] } = { label: 'none', grants: [] };
      for (const { label, revoke } of single().filter(needed)) {
        await database.admin(revoke);
        const grants = (await missing()).map(({ grant }) => grant);
        expect({ after: given.label, left: grants.filter((grant) => given.grants.includes(grant)) }).toEqual({
          after: given.label,
          left: [],
        });
        expect({ label, grants }).toEqual({ label, grants: expect.arrayContaining([expect.any(String)]) });
        await database.admin(grants.join(' '));
        given = { label, grants };
      }
      expect({ after: given.label, left: await missing() }).toEqual({ after: given.label, left: [] });
    });

    test('promise 11: no right is named that a restore does not need: each kind of them, taken from every object at once', async () => {
      const kinds = Map.groupBy(
        single().filter((loss) => !needed(loss)),
        ({ label }) => label.split(' on ')[0],
      );
      expect(kinds.size).toBeGreaterThan(8);
      for (const [privilege, others] of kinds) {
        for (const { revoke } of others) await database.admin(revoke);
        expect({ privilege, found: await missing() }).toEqual({ privilege, found: [] });
        for (const { restore } of others) await database.admin(restore);
      }
    });

    test('promise 11: with every other right taken away at once a restore goes through', async () => {
      const harmless = single().filter(
        (loss) => !needed(loss) && !/^(DELETE|UPDATE on table shop|UPDATE on table aside.notes)/.test(loss.label),
      );
      expect(harmless.length).toBeGreaterThan(25);
      for (const { revoke } of harmless) await database.admin(revoke);
      try {
        await database.admin('DELETE FROM shop.sales');
        await restoreInto(database, made);
        expect((await contentOf(database))['shop.sales']).toHaveLength(2);
      } finally {
        for (const { restore } of harmless) await database.admin(restore);
      }
    });

    test('promise 11: with everything taken away the refusal names statements that are enough for a restore, and nothing was staged', async () => {
      const rows = await contentOf(database);
      const sequences = await sequencesOf(database);
      for (const { revoke } of single().filter(({ label }) => !label.endsWith('schema aside')))
        await database.admin(revoke);
      try {
        await database.admin('CREATE EXTENSION IF NOT EXISTS plpgsql');
        for (let tries = 0; ; tries++) {
          const outcome = await restoreInto(database, made).then(
            () => null,
            (error: unknown) => error,
          );
          if (outcome === null) break;
          const refusal = await rejection(Promise.reject(outcome));
          expect(refusal.code).toBe('PERMISSION_DENIED');
          expect(refusal.message).toEndWith('Nothing was changed.');
          expect(tries).toBe(0);
          await database.admin(refusal.hint?.replace(/^[^:]*: /, '') ?? '');
        }
      } finally {
        for (const { restore } of losses) await database.admin(restore);
      }
      expect(await contentOf(database)).toEqual(rows);
      expect(await sequencesOf(database)).toEqual(sequences);
    });

    test('promise 11: an owner that the role is not is named with the statement that makes it an heir, also where it does not inherit', async () => {
      const owned = losses.filter(({ label }) => label.startsWith('ownership of'));
      const concerned = ({ label }: Loss) => /table shop|table aside.notes|sequence aside/.test(label);
      const others = owned.filter((loss) => !concerned(loss));
      for (const { revoke } of others) await database.admin(revoke);
      expect(await missing()).toEqual([]);
      for (const { restore } of others) await database.admin(restore);

      // Inheritance is checked alike for each object: one of each kind is enough.
      const oneOfEach = owned.filter(({ label }) => /(shop.goods|shop.sales_new|aside.numbers)$/.test(label));
      expect(oneOfEach).toHaveLength(3);
      for (const [inherits, lost] of [
        ['INHERIT', owned.filter(concerned)],
        ['NOINHERIT', oneOfEach],
      ] as const) {
        await database.admin(`ALTER ROLE ${ROLE} ${inherits}`);
        for (const { label, revoke, restore } of lost) {
          await database.admin(revoke);
          const grants = (await missing()).map(({ grant }) => grant).join(' ');
          expect({ label, grants }).toEqual({
            label,
            grants: expect.stringContaining('GRANT "palace_owner" TO "preflight_owner"'),
          });
          await database.admin(grants);
          expect({ label, left: await missing() }).toEqual({ label, left: [] });
          await database.admin(restore);
          await database.admin(`REVOKE palace_owner FROM ${ROLE}; ALTER ROLE ${ROLE} ${inherits}`);
        }
      }
      await database.admin(`ALTER ROLE ${ROLE} INHERIT`);
    });

    test('promise 11: nobody is told to become a member of a superuser: what it owns changes hands', async () => {
      const owned = losses.filter(({ label }) =>
        /^ownership of .*(shop.goods|shop.sales_new|aside.numbers)$/.test(label),
      );
      expect(owned).toHaveLength(3);
      for (const { revoke, restore } of owned) {
        await database.admin(revoke.replaceAll('palace_owner', 'CURRENT_USER'));
        const grants = (await missing()).map(({ grant }) => grant).join(' ');
        expect(grants).toMatch(/^(ALTER (TABLE|SEQUENCE) \S+ OWNER TO "preflight_owner"; ?)+$/);
        await database.admin(grants);
        expect(await missing()).toEqual([]);
        await database.admin(restore);
      }
    });

    test('promise 11: a foreign key that is switched off is refused before staging, with the statement that helps', async () => {
      await database.query('DELETE FROM shop.sales');
      await database.admin('ALTER TABLE shop.goods DISABLE TRIGGER ALL');
      const off = await rejection(restoreInto(database, made));
      expect({ code: off.code, message: off.message }).toMatchObject({ code: 'RESTORE_REFUSED' });
      expect(off.message).toContain('shop.goods.goods_maker_id_fkey is disabled');
      await database.admin('ALTER TABLE shop.goods ENABLE TRIGGER ALL');
      await restoreInto(database, made);
      expect((await contentOf(database))['shop.sales']).toHaveLength(2);
    });
  });
}
