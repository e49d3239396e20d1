import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { tryLivenessLock } from '../../postgres/locks/advisory-lock.ts';
import { createStaging, stagingSchema } from '../../postgres/staging/staging.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { libraryScene, type Scene } from '../../testing/scene.fixture.ts';

/** A leftover in a database before an operation, and what must remain of it after a backup and a restore. */
interface Leftover {
  name: string;
  make(scene: Scene, id: string, schema: string): Promise<unknown>;
  /** The warning that names what could not be removed; the operation works all the same. */
  warns?: RegExp;
}

const staging = async (scene: Scene, schema: string, tables: number) => {
  await using session = await connected(scene.database.url);
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
const running = (scene: Scene, id: string) =>
  scene.database.query(
    `INSERT INTO backup_system.operations (id, kind, state, actor, origin) VALUES ('${id}', 'restore', 'running', 'a test', 'here')`,
  );

const LEFTOVERS: Leftover[] = [
  {
    name: 'an empty staging schema',
    make: async (scene, _, schema) => scene.database.query(`CREATE SCHEMA ${schema}`),
  },
  { name: 'a staging schema of 110 tables', make: async (scene, _, schema) => staging(scene, schema, 110) },
  {
    name: 'a staging schema that was dropped in part',
    async make(scene, _, schema) {
      await staging(scene, schema, 45);
      for (let table = 1; table <= 30; table += 2)
        await scene.database.query(`DROP TABLE ${schema}.t${String(table).padStart(4, '0')}`);
    },
  },
  {
    name: 'a staging schema with a record that says running',
    async make(scene, id, schema) {
      await staging(scene, schema, 3);
      await running(scene, id);
    },
  },
  { name: 'a record that says running for ever', make: async (scene, id) => running(scene, id) },
  {
    name: 'a staging schema of another role',
    make: async (scene, _, schema) =>
      scene.database.admin(`CREATE SCHEMA ${schema}; CREATE UNLOGGED TABLE ${schema}.t0001 (v text)`),
  },
  {
    name: 'a schema of such a name that holds what no restore made',
    async make(scene, _, schema) {
      await staging(scene, schema, 3);
      await scene.database.query(`CREATE TABLE ${schema}.salaries AS SELECT 1 AS id`);
    },
    warns: /holds objects.*that no restore made\. Look at them, then: DROP SCHEMA "restore_[0-9a-f]{32}" CASCADE/s,
  },
  {
    name: 'a staging table that a view elsewhere reads',
    async make(scene, _, schema) {
      await staging(scene, schema, 25);
      await scene.database.query(`CREATE VIEW peek AS SELECT * FROM ${schema}.t0007`);
    },
    warns: /that no restore made/,
  },
  {
    name: 'a staging table that somebody reads',
    async make(scene, _, schema) {
      await staging(scene, schema, 3);
      const reader = await connected(scene.database.url);
      await reader.query(`BEGIN; SELECT * FROM ${schema}.t0002`);
      return reader;
    },
    warns: /could not be removed/,
  },
  {
    name: 'a record that somebody holds',
    async make(scene, id) {
      await running(scene, id);
      const holder = await connected(scene.database.url);
      await holder.query(`BEGIN; UPDATE backup_system.operations SET actor = 'held' WHERE id = '${id}'`);
      return holder;
    },
    warns: /could not be removed/,
  },
  {
    name: 'an operation that is alive to all appearance, because a server process of a client long gone holds its lock',
    async make(scene, id, schema) {
      await staging(scene, schema, 3);
      await running(scene, id);
      const holder = await connected(scene.database.url);
      await tryLivenessLock(holder, id);
      return holder;
    },
  },
];

for (const server of testServers())
  describe(`on ${server}, an operation before left`, () => {
    let scene: Scene;
    beforeAll(async () => {
      scene = await libraryScene({ server });
    });
    afterAll(() => scene[Symbol.asyncDispose]());

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
        for (const { make, id, schema } of left) holding.push(await make(scene, id, schema));
        const backup = await scene.backup(createMemoryStorage(() => new Date()));
        const restore = await scene.restore();
        expect(await scene.state()).toBe(scene.archived);
        const warned = left.filter(({ warns }) => warns);
        for (const warnings of [own(backup.warnings), own(restore.warnings)]) {
          for (const { name, warns } of warned)
            expect({ name, warnings }).toEqual({
              name,
              warnings: expect.arrayContaining([expect.stringMatching(warns ?? '')]),
            });
          if (warned.length === 0) expect(warnings).toEqual([]);
        }
        const [record] = await scene.database.query<{ result: { warnings: string[] } }>(
          `SELECT result FROM backup_system.operations WHERE state = 'succeeded' AND kind = 'restore' ORDER BY created_at DESC LIMIT 1`,
        );
        expect(record?.result.warnings).toEqual(restore.warnings);
        await scene.change();

        for (const held of holding) if (isSession(held)) await held.close();
        await scene.database.admin('DROP VIEW IF EXISTS peek');
        for (const { schema } of left) {
          await scene.database.admin(`DROP TABLE IF EXISTS ${schema}.salaries`);
          await scene.database.admin(
            `DO $$ BEGIN IF EXISTS (SELECT FROM pg_namespace WHERE nspname = '${schema}') THEN ALTER SCHEMA ${schema} OWNER TO palace_owner; END IF; END $$`,
          );
        }
        const after = await scene.backup(createMemoryStorage(() => new Date()));
        expect(own(after.warnings)).toEqual([]);
        expect(await scene.leftovers()).toEqual([]);
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
