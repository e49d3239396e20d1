import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { tryLivenessLock } from '../../postgres/locks/advisory-lock.ts';
import { createStaging, stagingSchema } from '../../postgres/staging/staging.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { type TestLibrary, testLibrary } from '../../testing/test-library.fixture.ts';

/** A leftover in a database before an operation, and what must remain of it after a backup and a restore. */
interface Leftover {
  name: string;
  make(library: TestLibrary, id: string, schema: string): Promise<unknown>;
  /** The warning that names what could not be removed; the operation works all the same. */
  warns?: RegExp;
}

const staging = async (library: TestLibrary, schema: string, tables: number) => {
  await using session = await connected(library.database.url);
  await createStaging(
    session,
    schema,
    Array.from({ length: tables }, (_, index) => ({
      schema,
      name: `t${String(index + 1).padStart(4, '0')}`,
      columns: [{ name: 'v', sqlType: 'text' }],
    })),
  );
};
const running = (library: TestLibrary, id: string) =>
  library.database.query(
    `INSERT INTO backup_system.operations (id, kind, state, actor, origin) VALUES ('${id}', 'restore', 'running', 'a test', 'here')`,
  );

const LEFTOVERS: Leftover[] = [
  {
    name: 'an empty staging schema',
    make: async (library, _, schema) => library.database.query(`CREATE SCHEMA ${schema}`),
  },
  { name: 'a staging schema of 110 tables', make: async (library, _, schema) => staging(library, schema, 110) },
  {
    name: 'a staging schema that was dropped in part',
    async make(library, _, schema) {
      await staging(library, schema, 45);
      for (let table = 1; table <= 30; table += 2)
        await library.database.query(`DROP TABLE ${schema}.t${String(table).padStart(4, '0')}`);
    },
  },
  {
    name: 'a staging schema with a record that says running',
    async make(library, id, schema) {
      await staging(library, schema, 3);
      await running(library, id);
    },
  },
  { name: 'a record that says running for ever', make: async (library, id) => running(library, id) },
  {
    name: 'a staging schema of another role',
    make: async (library, _, schema) =>
      library.database.admin(`CREATE SCHEMA ${schema}; CREATE UNLOGGED TABLE ${schema}.t0001 (v text)`),
  },
  {
    name: 'a schema of such a name that holds what no restore made',
    async make(library, _, schema) {
      await staging(library, schema, 3);
      await library.database.query(`CREATE TABLE ${schema}.salaries AS SELECT 1 AS id`);
    },
    warns: /holds objects.*that no restore made\. Look at them, then: DROP SCHEMA "restore_[0-9a-f]{32}" CASCADE/s,
  },
  {
    name: 'a staging table that a view elsewhere reads',
    async make(library, _, schema) {
      await staging(library, schema, 25);
      await library.database.query(`CREATE VIEW peek AS SELECT * FROM ${schema}.t0007`);
    },
    warns: /that no restore made/,
  },
  {
    name: 'a staging table that somebody reads',
    async make(library, _, schema) {
      await staging(library, schema, 3);
      const reader = await connected(library.database.url);
      await reader.query(`BEGIN; SELECT * FROM ${schema}.t0002`);
      return reader;
    },
    warns: /could not be removed/,
  },
  {
    name: 'a record that somebody holds',
    async make(library, id) {
      await running(library, id);
      const holder = await connected(library.database.url);
      await holder.query(`BEGIN; UPDATE backup_system.operations SET actor = 'held' WHERE id = '${id}'`);
      return holder;
    },
    warns: /could not be removed/,
  },
  {
    name: 'an operation that is alive to all appearance, because a server process of a client long gone holds its lock',
    async make(library, id, schema) {
      await staging(library, schema, 3);
      await running(library, id);
      const holder = await connected(library.database.url);
      await tryLivenessLock(holder, id);
      return holder;
    },
  },
];

for (const server of testServers())
  describe(`on ${server}, an operation before left`, () => {
    let library: TestLibrary;
    beforeAll(async () => {
      library = await testLibrary({ server });
    });
    afterAll(() => library[Symbol.asyncDispose]());

    // Cleaning up does not depend on the server's version: one server tests each leftover alone, the other all
    // together.
    const groups = server === '18' ? LEFTOVERS.map((leftover) => [leftover]) : [LEFTOVERS];
    for (const group of groups)
      test(`${group.length > 1 ? 'all of this at once' : group[0]?.name}: the next backup and the next restore work`, async () => {
        const left = group.map((leftover) => {
          const id = crypto.randomUUID();
          return { ...leftover, id, schema: stagingSchema(id) };
        });
        const holding: unknown[] = [];
        for (const { make, id, schema } of left) holding.push(await make(library, id, schema));
        const backup = await library.backup(createMemoryStorage(() => new Date()));
        const restore = await library.restore();
        expect(await library.state()).toBe(library.archived);
        const warned = left.filter(({ warns }) => warns);
        for (const warnings of [own(backup.warnings), own(restore.warnings)]) {
          for (const { name, warns } of warned)
            expect({ name, warnings }).toEqual({
              name,
              warnings: expect.arrayContaining([expect.stringMatching(warns ?? '')]),
            });
          if (warned.length === 0) expect(warnings).toEqual([]);
        }
        const [record] = await library.database.query<{ result: { warnings: string[] } }>(
          `SELECT result FROM backup_system.operations WHERE state = 'succeeded' AND kind = 'restore' ORDER BY created_at DESC LIMIT 1`,
        );
        expect(record?.result.warnings).toEqual(restore.warnings);
        await library.change();

        for (const held of holding) if (isSession(held)) await held.close();
        await library.database.admin('DROP VIEW IF EXISTS peek');
        for (const { schema } of left) {
          await library.database.admin(`DROP TABLE IF EXISTS ${schema}.salaries`);
          await library.database.admin(
            `DO $$ BEGIN IF EXISTS (SELECT FROM pg_namespace WHERE nspname = '${schema}') THEN ALTER SCHEMA ${schema} OWNER TO palace_owner; END IF; END $$`,
          );
        }
        const after = await library.backup(createMemoryStorage(() => new Date()));
        expect(own(after.warnings)).toEqual([]);
        expect(await library.leftovers()).toEqual([]);
      }, 60_000);
  });

/** Removes the warnings that a backup gives about the library's tables. */
function own(warnings: string[]): string[] {
  return warnings.filter((warning) => !warning.startsWith('For a restore:'));
}

function isSession(made: unknown): made is Session {
  return made instanceof Object && 'close' in made;
}

function connected(url: string) {
  return openSession(url, { applicationName: 'leftover', signal: new AbortController().signal });
}
