import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type AnyPgColumn, foreignKey, integer, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { catalogOf } from '../../../db/testing/catalog.fixture.ts';
import { contentOf, sequencesOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { AppError } from '../../core/errors.ts';
import { backupOf, restoreInto } from '../../testing/verbs.fixture.ts';

const people = pgTable('people', {
  id: integer('id').primaryKey(),
  name: text('name').unique(),
  boss: integer('boss').references((): AnyPgColumn => people.id),
});
const places = pgTable(
  'places',
  { a: integer('a'), b: integer('b'), note: text('note'), owner: integer('owner') },
  (t) => [primaryKey({ columns: [t.b, t.a] })],
);
const stays = pgTable(
  'stays',
  {
    id: integer('id').primaryKey(),
    person: integer('person'),
    a: integer('a'),
    b: integer('b'),
    seat: integer('seat'),
  },
  (t) => [unique().on(t.a, t.seat), foreignKey({ columns: [t.b, t.a], foreignColumns: [places.b, places.a] })],
);
const MODEL = modelFromSchema({ people, places, stays });

const ACTION = fc.constantFrom(
  'NO ACTION',
  'RESTRICT',
  'CASCADE',
  'SET NULL',
  'NO ACTION DEFERRABLE',
  'NO ACTION DEFERRABLE INITIALLY DEFERRED',
);
const UNIQUE = fc.constantFrom('UNIQUE', 'UNIQUE DEFERRABLE INITIALLY IMMEDIATE');

interface Links {
  boss: string;
  owner: string;
  person: string;
  place: string;
  unique: string;
  indexed: boolean;
}
const LINKS: fc.Arbitrary<Links> = fc.record({
  boss: ACTION,
  owner: ACTION,
  person: ACTION,
  place: ACTION,
  unique: UNIQUE,
  indexed: fc.boolean(),
});

function ddl({ boss, owner, person, place, unique: kept, indexed }: Links): string {
  return `
    DROP TABLE IF EXISTS stays, places, people;
    CREATE TABLE people (id int PRIMARY KEY, name text ${kept}, boss int REFERENCES people ON DELETE ${boss});
    CREATE TABLE places (a int, b int, note text, owner int REFERENCES people ON DELETE ${owner}, PRIMARY KEY (b, a));
    CREATE TABLE stays (id int PRIMARY KEY, person int REFERENCES people ON DELETE ${person}, a int, b int, seat int, ${kept.replace('UNIQUE', 'UNIQUE (a, seat)')},
      FOREIGN KEY (b, a) REFERENCES places ON DELETE ${place});
    ${indexed ? 'CREATE INDEX ON stays (person); CREATE INDEX ON people (boss)' : ''};
    INSERT INTO people SELECT n, 'p' || n, nullif(n / 2, 0) FROM generate_series(1, 12) AS n;
    INSERT INTO places SELECT n % 3, n / 3, 'at ' || n, 1 + n % 12 FROM generate_series(0, 8) AS n;
    INSERT INTO stays SELECT n, 1 + n % 12, n % 3, n % 9 / 3, n / 3 FROM generate_series(1, 18) AS n`;
}

/** Statements of an application; one that breaks a rule changes nothing. */
const id = fc.integer({ min: 1, max: 16 });
const small = fc.integer({ min: 0, max: 3 });
const EDIT = fc.oneof(
  fc.tuple(id, id).map(([n, boss]) => `INSERT INTO people VALUES (${n}, 'p${boss}', ${boss})`),
  id.map((n) => `DELETE FROM people WHERE id = ${n}`),
  fc.tuple(id, id).map(([n, name]) => `UPDATE people SET name = 'p${name}' WHERE id = ${n}`),
  fc
    .tuple(id, id)
    .map(
      ([one, other]) =>
        `UPDATE people SET name = NULL WHERE id = ${one}; UPDATE people SET name = 'p${one}' WHERE id = ${other}; UPDATE people SET name = 'p${other}' WHERE id = ${one}`,
    ),
  fc.tuple(id, id).map(([n, boss]) => `UPDATE people SET boss = ${boss} WHERE id = ${n}`),
  fc.tuple(id, id).map(([n, later]) => `UPDATE people SET id = ${later} WHERE id = ${n}`),
  fc.tuple(small, small, id).map(([a, b, owner]) => `INSERT INTO places VALUES (${a}, ${b}, 'new', ${owner})`),
  fc.tuple(small, small).map(([a, b]) => `DELETE FROM places WHERE a = ${a} AND b = ${b}`),
  fc.tuple(small, id).map(([b, owner]) => `UPDATE places SET owner = ${owner}, note = 'x' WHERE b = ${b}`),
  fc
    .tuple(id, id, small, small)
    .map(([n, person, a, b]) => `INSERT INTO stays VALUES (${n + 10}, ${person}, ${a}, ${b}, ${n})`),
  id.map((n) => `DELETE FROM stays WHERE id = ${n}`),
  fc.tuple(id, id).map(([n, person]) => `UPDATE stays SET person = ${person} WHERE id = ${n}`),
  fc.tuple(id, small, small).map(([n, a, b]) => `UPDATE stays SET a = ${a}, b = ${b} WHERE id = ${n}`),
  fc.tuple(id, id).map(([n, seat]) => `UPDATE stays SET seat = ${seat} WHERE id = ${n}`),
);

for (const server of testServers())
  describe(`linked tables and any edits on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('promise 2: a restore by rows, where it is possible, and by the way it chooses otherwise, ends where a rewrite ends', async () => {
      const seen = { rows: 0, other: 0 };
      const whole = async () => [await contentOf(database), await sequencesOf(database), await catalogOf(database)];
      await fc.assert(
        fc.asyncProperty(LINKS, fc.array(EDIT, { minLength: 1, maxLength: 12 }), async (links, edits) => {
          await database.query(ddl(links));
          const then = await whole();
          const made = await backupOf(database, MODEL, { verify: false });
          const edit = async () => {
            for (const sql of edits)
              await database.query(`BEGIN; ${sql}; COMMIT`).catch(() => database.query('ROLLBACK'));
          };
          await edit();
          const now = await contentOf(database);
          const byRows = await restoreInto(database, made, { apply: 'rows' }).catch((error: unknown) => error);
          if (byRows instanceof AppError) {
            expect([byRows.code, byRows.details]).toEqual([
              'RESTORE_REFUSED',
              { way: 'rows', reason: expect.any(String) },
            ]);
            expect(await contentOf(database)).toEqual(now);
            seen.other++;
          } else {
            expect(byRows).toMatchObject({ way: 'rows', readersWaitMs: 0 });
            expect(await whole()).toEqual(then);
            await edit();
            seen.rows++;
          }
          await restoreInto(database, made, { apply: 'auto' });
          expect(await whole()).toEqual(then);
        }),
        { numRuns: campaign(12, 400) },
      );
      expect(seen.rows).toBeGreaterThan(seen.other);
    });
  });
