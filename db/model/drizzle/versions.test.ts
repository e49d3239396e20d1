import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdir, mkdtemp, realpath, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFromSchema } from '../drizzle-model.ts';
import type { SchemaModel } from '../model.ts';
import type { Casing } from './casing.ts';
import * as common from './fixtures/common.schema.ts';
import { readSchema } from './read.ts';

/** Versions installed for the tests, with their aliases in package.json. */
const AT_HAND = { '0.30.10': 'drizzle-orm-0.30', '0.36.4': 'drizzle-orm-0.36', '1.0.0-rc.5': 'drizzle-orm-1.0' };
/** The last version of each minor, and those of 1.0; fetched by `bun run test:drizzle`. */
const EVERY = [
  ...[
    '0.30.10',
    '0.31.4',
    '0.32.2',
    '0.33.0',
    '0.34.1',
    '0.35.3',
    '0.36.4',
    '0.37.0',
    '0.38.4',
    '0.39.3',
    '0.40.1',
    '0.41.0',
  ],
  ...['0.42.0', '0.43.1', '0.44.7', '0.45.4', '1.0.0-beta.24', ...[1, 2, 3, 4, 5].map((n) => `1.0.0-rc.${n}`)],
];
const VERSIONS = process.env.DRIZZLE_VERSIONS === 'all' ? EVERY : Object.keys(AT_HAND);

/** A schema without explicit names, possible since 0.34. */
const NAMELESS = `import { integer, pgTable, text } from 'drizzle-orm/pg-core';
export const people = pgTable('people', { personId: integer().primaryKey(), firstName: text(), lastName: text('LastName') });`;

const OF_1_0 = `import { defineRelations } from 'drizzle-orm';
import { camelCase, integer, pgEnum, pgTable, snakeCase, text, timestamp, unique } from 'drizzle-orm/pg-core';
export const mood = pgEnum('mood', { good: 'is good', bad: 'is bad' });
export const people = snakeCase.table('people', { personId: integer().primaryKey(), firstName: text().unique(), LastName: text('LastName'), feltMood: mood() }, (t) => [unique().on(t.firstName, t.LastName)]);
export const auth = snakeCase.schema('auth');
export const sessions = auth.table('sessions', { sessionId: integer().generatedAlwaysAsIdentity(), personId: integer().references(() => people.personId) });
export const camels = camelCase.table('camels', { hump_count: integer() });
export const plain = pgTable.withRLS('plain', { asItIs: text(), matrix: integer().array('[][]').default([[1, 2], [3, 4]]), times: timestamp().array('[]'), moods: mood().array() });
export const relations = defineRelations({ people, sessions }, (r) => ({ people: { sessions: r.many.sessions({ from: r.people.personId, to: r.sessions.personId }) } }));`;

const expected = modelFromSchema(common);
const parts = (text: string) => text.split('.').map((part) => Number.parseInt(part, 10));
const [major, minor] = [(v: string) => parts(v)[0] ?? 0, (v: string) => parts(v)[1] ?? 0];

for (const version of VERSIONS) {
  describe(`an application with drizzle-orm ${version}`, () => {
    let dir = '';
    beforeAll(async () => {
      dir = await realpath(await mkdtemp(join(tmpdir(), `drizzle-orm-${version}-`)));
      await install(version, dir);
    });
    afterAll(() => rm(dir, { recursive: true }));

    const read = async (text: string, casing: Casing | null = null): Promise<SchemaModel> => {
      await Bun.write(join(dir, 'schema.ts'), text);
      return (await readSchema({ path: 'schema.ts', cwd: dir, casing, wantsDatabase: false })).model;
    };
    const columnsOf = (model: SchemaModel) =>
      Object.fromEntries(
        model.tables.map((table) => [table.name, table.columns.map((column) => column.name).join(' ')]),
      );

    test('means what the same schema means with the version of this program', async () => {
      const text = await Bun.file(join(import.meta.dir, 'fixtures/common.schema.ts')).text();
      expect(await read(text)).toEqual(expected);
    });

    if (major(version) === 0 && minor(version) >= 34) {
      test('is named by its casing', async () => {
        expect(columnsOf(await read(NAMELESS))).toEqual({ people: 'personId firstName LastName' });
        expect(columnsOf(await read(NAMELESS, 'snake_case'))).toEqual({ people: 'person_id first_name LastName' });
      });
    }

    if (major(version) === 1 && version >= '1.0.0-rc') {
      test('has tables that are named by a casing of their own, and by no other', async () => {
        const model = await read(OF_1_0);
        expect(columnsOf(model)).toEqual({
          people: 'person_id first_name LastName felt_mood',
          sessions: 'session_id person_id',
          camels: 'humpCount',
          plain: 'asItIs matrix times moods',
        });
        expect(await read(OF_1_0, 'snake_case')).toEqual(model);
        const [sessions, , people, plain] = ['auth.sessions', '', 'public.people', 'public.plain'].map((name) =>
          model.tables.find((table) => `${table.schema}.${table.name}` === name),
        );
        expect(sessions?.foreignKeys[0]).toMatchObject({ columns: ['person_id'], targetColumns: ['person_id'] });
        expect(people?.uniques.map((one) => one.columns)).toEqual([['first_name'], ['first_name', 'LastName']]);
        expect(plain?.columns.map(({ sqlType, defaultSql }) => [sqlType, defaultSql])).toEqual([
          ['text', null],
          ['integer[]', "'{{1,2},{3,4}}'::integer[]"],
          ['timestamp without time zone[]', null],
          ['public.mood[]', null],
        ]);
        expect(model.enums[0]?.labels).toEqual(['is good', 'is bad']);
      });
    }
  });
}

/** Installs a version where an application has it: from our own packages, or from the registry. */
async function install(version: string, dir: string): Promise<void> {
  const alias = Object.entries(AT_HAND).find(([one]) => one === version)?.[1];
  if (alias !== undefined) {
    await mkdir(join(dir, 'node_modules'));
    await symlink(join(import.meta.dir, '../../../node_modules', alias), join(dir, 'node_modules/drizzle-orm'));
    return;
  }
  await Bun.write(join(dir, 'package.json'), JSON.stringify({ dependencies: { 'drizzle-orm': version } }));
  const child = Bun.spawn([process.execPath, 'install', '--ignore-scripts', '--silent'], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  expect(await child.exited).toBe(0);
}
