import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestDatabase, testDatabase } from '../db/testing/database.ts';
import { testServers } from '../db/testing/servers.ts';
import type { BackupResult } from '../server/backup/create.ts';
import type { FailureBody } from '../server/core/errors.ts';
import { type CommandFolder, commandFolder, jsonOf } from './command/command-folder.fixture.ts';

/** An application like those in Drizzle's own documentation: names left to the casing, a barrel, and a table under two names. */
const FILES = {
  'src/schema/people.ts': `import { integer, pgTable, text, unique } from 'drizzle-orm/pg-core';
export const people = pgTable('people', { personId: integer().primaryKey(), firstName: text().notNull(), homeTown: text() },
  (t) => [unique().on(t.firstName, t.homeTown)]);
export const peopleTable = people;`,
  'src/schema/visits.ts': `import { integer, pgSchema, timestamp } from 'drizzle-orm/pg-core';
import { people } from './people';
export const shop = pgSchema('shop');
export const visits = shop.table('visits', { visitId: integer().generatedAlwaysAsIdentity().primaryKey(),
  ofPerson: integer().references(() => people.personId), madeAt: timestamp({ withTimezone: true }).defaultNow() });`,
  'src/schema/index.ts': `export * from './people';\nexport * from './visits';`,
  'drizzle.config.ts': `export default { dialect: 'postgresql', schema: './src/schema', casing: 'snake_case',
  dbCredentials: { url: process.env.APP_DATABASE_URL } };`,
};
const MADE = `CREATE SCHEMA shop;
  CREATE TABLE people (person_id integer PRIMARY KEY, first_name text NOT NULL, home_town text,
    CONSTRAINT people_first_name_home_town_unique UNIQUE (first_name, home_town));
  CREATE TABLE shop.visits (visit_id integer PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    of_person integer CONSTRAINT visits_of_person_people_person_id_fk REFERENCES people, made_at timestamptz DEFAULT now());
  INSERT INTO people VALUES (1, 'Ada', 'London'), (2, 'Grace', NULL);
  INSERT INTO shop.visits (of_person, made_at) SELECT 1 + n % 2, '2024-01-01Z'::timestamptz + n * interval '1 day' FROM generate_series(1, 50) n;`;

let application = '';
beforeAll(async () => {
  application = await realpath(await mkdtemp(join(tmpdir(), 'an application ')));
  for (const [name, text] of Object.entries(FILES)) await Bun.write(join(application, name), text);
  await mkdir(join(application, 'node_modules'));
  await symlink(join(import.meta.dir, '../node_modules/drizzle-orm'), join(application, 'node_modules/drizzle-orm'));
});
afterAll(() => rm(application, { recursive: true }));

const asked: string[] = [];
const registry = Bun.serve({
  port: 0,
  fetch(request) {
    asked.push(request.url);
    return new Response('{}', { status: 404 });
  },
});
afterAll(() => registry.stop(true));
const REGISTRY = { BUN_CONFIG_REGISTRY: registry.url.href, npm_config_registry: registry.url.href };

for (const server of testServers()) {
  describe(`an application with names in snake_case on server ${server}`, () => {
    let database: TestDatabase;
    let folder: CommandFolder;
    beforeAll(async () => {
      database = await testDatabase({ template: 'empty', server });
      await database.query(MADE);
      // The address is only where the application has it.
      await Bun.write(join(application, '.env'), `APP_DATABASE_URL=${database.url}\n`);
      folder = await commandFolder(null);
    });
    afterAll(async () => {
      await folder[Symbol.asyncDispose]();
      await database[Symbol.asyncDispose]();
    });
    const run = (name: string, args: string[], env: Record<string, string> = {}) =>
      folder.run(name, args, { ...REGISTRY, BACKUP_SCHEMA: join(application, 'drizzle.config.ts'), ...env });
    const failure = async (env: Record<string, string>) => {
      const done = await run('backup', ['--json'], { DATABASE_URL: database.url, ...env });
      const { code, message, hint } = jsonOf<FailureBody>(done).error;
      return { exit: done.code, code, message, hint };
    };
    const content = async () => [
      await database.query('SELECT * FROM people ORDER BY 1'),
      await database.query('SELECT * FROM shop.visits ORDER BY 1'),
    ];

    test('is backed up and restored exactly by its drizzle.config.ts alone, from any folder, and nothing is downloaded', async () => {
      const before = await content();
      const made = await run('backup', ['--json', '--strict', '--name', 'whole']);
      expect(made).toMatchObject({ code: 0, stderr: expect.not.stringContaining('warning') });
      expect(jsonOf<{ data: BackupResult }>(made).data.tables).toEqual({ people: 2, 'shop.visits': 50 });
      await database.query(`DELETE FROM shop.visits; UPDATE people SET first_name = 'x' || person_id, home_town = '-'`);
      expect(await run('restore', ['whole', '--yes', '--silent'])).toMatchObject({ code: 0, stderr: '' });
      expect(await content()).toEqual(before);
      expect(asked).toEqual([]);
    });

    test('is read by its folder, a pattern or a module too, with BACKUP_CASING', async () => {
      for (const path of [
        'src/schema',
        'src/schema/*.ts',
        'src/**/visits.ts,src/schema/people.ts',
        'src/schema/index.ts',
      ]) {
        const paths = path.split(',').map((part) => join(application, part));
        const env = { DATABASE_URL: database.url, BACKUP_SCHEMA: paths.join(','), BACKUP_CASING: 'snake_case' };
        expect([path, await run('backup', ['--silent'], env)]).toEqual([path, { code: 0, stdout: '', stderr: '' }]);
      }
    });

    test('is refused without its casing, with the way out; real drift is never called a casing', async () => {
      const schema = join(application, 'src/schema/index.ts');
      const lacking = await failure({ BACKUP_SCHEMA: schema });
      expect(lacking).toMatchObject({ exit: 7, code: 'SCHEMA_DRIFT' });
      expect(lacking.hint).toContain('BACKUP_CASING=snake_case');
      expect((await failure({ BACKUP_CASING: 'camelCase' })).hint).toContain('BACKUP_CASING=snake_case');
      const newer = join(application, 'newer.ts');
      await Bun.write(
        newer,
        `import { integer, pgTable, text } from 'drizzle-orm/pg-core';
export const people = pgTable('people', { personId: integer(), firstName: text(), middleName: text() });`,
      );
      for (const casing of ['', 'snake_case', 'camelCase']) {
        const { code, hint } = await failure({ BACKUP_SCHEMA: newer, BACKUP_CASING: casing });
        expect([casing, code, hint]).toEqual([casing, 'SCHEMA_DRIFT', expect.not.stringContaining('CASING')]);
      }
    });

    test('is refused by the names of the file and the imports where its packages are not installed, and nothing is downloaded', async () => {
      const bare = join(folder.dir, 'bare');
      await Bun.write(join(bare, 'bunfig.toml'), '[install]\nauto = "force"\n');
      await Bun.write(
        join(bare, 'schema.ts'),
        `import { pgTable } from 'drizzle-orm/pg-core';\nimport pad from 'left-pad';\nexport const t = pgTable(pad('t', 1), {});`,
      );
      await Bun.write(
        join(bare, 'drizzle.config.ts'),
        `export default { dialect: 'postgresql', schema: './schema.ts' };`,
      );
      await Bun.write(
        join(bare, 'typed/drizzle.config.ts'),
        `import { defineConfig } from 'drizzle-kit';\nexport default defineConfig({});`,
      );
      const found = async (name: string) => await failure({ BACKUP_SCHEMA: join(bare, name) });
      for (const name of ['schema.ts', 'drizzle.config.ts', '.']) {
        const { exit, code, message } = await found(name);
        expect([name, exit, code]).toEqual([name, 4, 'CONFIG_INVALID']);
        expect(message).toContain(join(bare, 'schema.ts'));
        expect(message).toContain('drizzle-orm/pg-core, left-pad');
      }
      expect((await found('typed/drizzle.config.ts')).message).toContain('drizzle-kit');
      expect(asked).toEqual([]);
    });
  });
}
