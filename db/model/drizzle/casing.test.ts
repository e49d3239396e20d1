import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { generateDrizzleJson, generateMigration } from 'drizzle-kit/api';
import { type SQL, sql } from 'drizzle-orm';
import {
  foreignKey,
  integer,
  pgSchema,
  pgTable,
  pgTableCreator,
  primaryKey,
  serial,
  text,
  unique,
  uniqueIndex,
} from 'drizzle-orm/pg-core';
import { type TestDatabase, testDatabase } from '../../testing/database.ts';
import { testServers } from '../../testing/servers.ts';
import { modelFromSchema } from '../drizzle-model.ts';
import { qualifiedName } from '../model.ts';
import { CASINGS } from './casing.ts';

const shop = pgSchema('shop');
const prefixed = pgTableCreator((name) => `app_${name}`);
const people = pgTable(
  'people',
  {
    userID: serial().primaryKey(),
    firstName: text().notNull(),
    last_name: text().unique(),
    HTTPStatus2: integer().unique(),
    written: text('writtenDown').unique(),
    fullName: text().generatedAlwaysAs((): SQL => sql`${people.firstName} || ' x'`),
    nextNumber: integer().generatedAlwaysAsIdentity(),
  },
  (t) => [unique().on(t.firstName, t.last_name), uniqueIndex().on(t.firstName, t.HTTPStatus2)],
);
const homes = prefixed('homes', { personId: integer().references(() => people.userID), streetName: text() }, (t) => [
  primaryKey({ columns: [t.personId, t.streetName] }),
]);
/** Another table with the same name before the prefix. */
const others = pgTableCreator((name) => `zz_${name}`)('homes', { otherName: text() });
const visits = shop.table('visits', { ofPerson: integer(), atStreet: text() }, (t) => [
  foreignKey({ columns: [t.ofPerson, t.atStreet], foreignColumns: [homes.personId, homes.streetName] }),
]);
const schema = { shop, people, homes, others, visits };

for (const server of testServers()) {
  for (const casing of CASINGS) {
    describe(`tables that drizzle-kit makes with casing ${casing} on server ${server}`, () => {
      let db: TestDatabase;
      const model = modelFromSchema(schema, { casing });
      beforeAll(async () => {
        db = await testDatabase({ template: 'empty', server });
        const [before, after] = [generateDrizzleJson({}), generateDrizzleJson(schema, undefined, undefined, casing)];
        for (const statement of await generateMigration(before, after)) await db.query(statement);
      });
      afterAll(() => db[Symbol.asyncDispose]());

      test('every column has the name the model gives it', async () => {
        const rows = await db.query<{ name: string; columns: string[] }>(
          `SELECT n.nspname || '.' || c.relname AS name, array_agg(a.attname::text ORDER BY a.attnum) AS columns
            FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
            WHERE c.relkind = 'r' AND n.nspname IN ('public', 'shop') GROUP BY 1`,
        );
        const found = Object.fromEntries(rows.map((row) => [row.name, row.columns]));
        const said = model.tables.map((table) => [qualifiedName(table), table.columns.map((column) => column.name)]);
        expect(Object.fromEntries(said)).toEqual(found);
      });

      test('every key, unique index, foreign key and sequence has the name the model gives it', async () => {
        const keys = await db.query<{ name: string }>(
          `SELECT conname AS name FROM pg_constraint k JOIN pg_namespace n ON n.oid = k.connamespace WHERE n.nspname IN ('public', 'shop') AND contype IN ('p', 'u', 'f')
            UNION ALL SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE n.nspname IN ('public', 'shop') AND i.indisunique AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid)
            UNION ALL SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'S' AND n.nspname IN ('public', 'shop')`,
        );
        const said = [
          ...model.tables.flatMap((t) => [...(t.primaryKey ? [t.primaryKey] : []), ...t.uniques, ...t.foreignKeys]),
          ...model.sequences,
        ];
        expect(said.map((one) => one.name).toSorted()).toEqual(keys.map((row) => row.name).toSorted());
      });
    });
  }
}
