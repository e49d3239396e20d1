import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { boolean, integer, numeric, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { catalogOf } from '../../../db/testing/catalog.fixture.ts';
import { contentOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../../testing/verbs.fixture.ts';

const things = pgTable('things', {
  id: integer('id').primaryKey(),
  n: numeric('n'),
  label: text('label'),
  fresh: boolean('fresh'),
});
const parts = pgTable('parts', { id: integer('id').primaryKey(), thing: integer('thing') });
const MODEL = modelFromSchema({ things, parts });

const TABLES = `
  CREATE TABLE things (id int PRIMARY KEY, n numeric, label text, fresh bool);
  CREATE TABLE parts (id int PRIMARY KEY, thing int)`;
const ROWS = `
  INSERT INTO things SELECT n, n / 4.0, 'thing ' || n, true FROM generate_series(1, 40) AS n;
  INSERT INTO parts SELECT n, n FROM generate_series(1, 40) AS n`;
const EDIT = `UPDATE things SET label = 'another' WHERE id = 1; DELETE FROM things WHERE id = 2; INSERT INTO things VALUES (99, 1, 'new', true)`;

interface Case {
  what: string;
  /** Definitions, `TABLES` when absent, and what is altered when the rows are there. */
  tables?: string;
  altered?: string;
  edit?: string;
  /** What follows “the way rows is not possible:”; null where it is possible. */
  why: string | null;
  /** True for statements that only a superuser may run. */
  admin?: boolean;
}

const parted = (by: string) => `
  CREATE TABLE things (id int, n numeric, label text, fresh bool, PRIMARY KEY (id, fresh)) PARTITION BY ${by};
  CREATE TABLE parts (id int PRIMARY KEY, thing int)`;
const linked = (action: string) => TABLES.replace('thing int)', `thing int REFERENCES things ${action})`);

const CASES: Case[] = [
  { what: 'plain tables', why: null },
  {
    what: 'a table without a key',
    tables: TABLES.replace('id int PRIMARY KEY, n', 'id int, n'),
    why: 'things has no key',
  },
  {
    what: 'a key that can be NULL',
    tables: TABLES.replace('id int PRIMARY KEY, n', 'id int UNIQUE, n'),
    why: 'things has no key',
  },
  {
    what: 'a unique key that cannot be NULL',
    tables: TABLES.replace('id int PRIMARY KEY, n', 'id int NOT NULL UNIQUE, n'),
    why: null,
  },
  { what: 'most rows', edit: `UPDATE things SET label = 'x' WHERE id > 10`, why: 'more than 20 % of the rows differ' },
  {
    what: 'a column that the backup lacks',
    altered: `ALTER TABLE things ADD later text DEFAULT 'x'`,
    why: 'later of things is not in the backup, and a restore gives it back its default',
  },
  {
    what: 'a generated column',
    tables: TABLES.replace('fresh bool', 'fresh bool, twice numeric GENERATED ALWAYS AS (n * 2) STORED'),
    why: null,
  },
  {
    what: 'an identity column that is always generated',
    tables: TABLES.replace('id int PRIMARY KEY, n', 'id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, n').replace(
      'n numeric',
      'n numeric',
    ),
    why: null,
  },
  {
    what: 'forced policies',
    altered: 'ALTER TABLE parts FORCE ROW LEVEL SECURITY',
    why: 'policies of parts are forced on its owner',
  },
  {
    what: 'a rule',
    altered: 'CREATE RULE r AS ON DELETE TO things DO ALSO DELETE FROM parts WHERE thing = OLD.id',
    edit: `UPDATE things SET label = 'another' WHERE id = 1`,
    why: 'the rule r of things rewrites statements',
  },
  {
    what: 'a trigger that changes rows',
    altered: `CREATE FUNCTION shout() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.label = upper(NEW.label); RETURN NEW; END $$;
      CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON things FOR EACH ROW EXECUTE FUNCTION shout();
      ALTER TABLE things ENABLE ALWAYS TRIGGER shout`,
    why: null,
  },
  {
    what: 'rows that others refer to with CASCADE',
    tables: linked('ON DELETE CASCADE'),
    edit: `UPDATE things SET label = 'another' WHERE id = 1; DELETE FROM things WHERE id = 2; INSERT INTO things VALUES (99, 1, 'new', true); UPDATE parts SET thing = 99 WHERE id = 9`,
    why: null,
  },
  {
    what: 'rows elsewhere that refer to rows that stay, with CASCADE',
    tables: `${TABLES}; CREATE TABLE elsewhere (thing int REFERENCES things ON DELETE CASCADE)`,
    altered: 'INSERT INTO elsewhere VALUES (1)',
    why: null,
  },
  {
    what: 'rows that go, each after a scan of a large table without an index',
    tables: `${TABLES}; CREATE TABLE elsewhere (thing int REFERENCES things)`,
    altered: 'INSERT INTO elsewhere SELECT 1 FROM generate_series(1, 150000); ANALYZE elsewhere',
    edit: 'INSERT INTO things SELECT 100 + n FROM generate_series(1, 8) AS n',
    why: 'elsewhere has no index on thing, and would be searched for each of 8 rows that go from things',
  },
  {
    what: 'values that others may refer to',
    tables: TABLES.replace('label text', 'label text UNIQUE').replace(
      'thing int)',
      'thing int, label text REFERENCES things (label) ON UPDATE CASCADE)',
    ),
    why: 'values of things change to which rows of parts may refer',
  },
  {
    what: 'a partition by a column that changes',
    tables: `${parted('LIST (fresh)')}; CREATE TABLE things_t PARTITION OF things FOR VALUES IN (true); CREATE TABLE things_f PARTITION OF things FOR VALUES IN (false)`,
    why: null,
  },
  {
    what: 'a partition by an expression',
    tables: `${parted('LIST ((n > 3))').replace(', PRIMARY KEY (id, fresh)', '')}; CREATE TABLE things_t PARTITION OF things FOR VALUES IN (true); CREATE TABLE things_f PARTITION OF things DEFAULT`,
    why: 'things has no key',
  },
  {
    what: 'a publication without a replica identity',
    altered: 'ALTER TABLE things REPLICA IDENTITY NOTHING; CREATE PUBLICATION everything FOR TABLE things',
    edit: `INSERT INTO things VALUES (99, 1, 'new', true)`,
    admin: true,
    why: 'the publication everything needs a replica identity, and things has none',
  },
  { what: 'a publication', altered: 'CREATE PUBLICATION everything FOR TABLE things', admin: true, why: null },
  {
    what: 'a role that may not update',
    altered: 'REVOKE UPDATE ON things FROM palace_owner',
    admin: true,
    why: 'this role may not update and delete rows of things',
  },
  {
    what: 'a check that is NOT VALID, and rows that break it',
    altered: `ALTER TABLE things ADD CONSTRAINT odd CHECK (id <> 2) NOT VALID`,
    why: 'rows break odd of things while they are changed one after the other',
  },
  { what: 'values that are equal and written otherwise', edit: 'UPDATE things SET n = 1.0 WHERE id = 4', why: null },
];

for (const server of testServers())
  describe(`changing rows one by one on server ${server}`, () => {
    let database: TestDatabase;
    beforeAll(async () => {
      database = await testDatabase({ server });
    });
    afterAll(() => database[Symbol.asyncDispose]());

    for (const { what, tables = TABLES, altered, edit = EDIT, why, admin } of CASES)
      test(`${what}: ${why === null ? 'is possible' : 'gives way to a rewrite, which says why'}`, async () => {
        await database.admin('DROP PUBLICATION IF EXISTS everything');
        await database.query(
          `DROP TABLE IF EXISTS things, parts, elsewhere CASCADE; DROP FUNCTION IF EXISTS shout CASCADE; ${tables}`,
        );
        await database.query(ROWS.replace('INTO things SELECT', 'INTO things OVERRIDING SYSTEM VALUE SELECT'));
        const made = await backupOf(database, MODEL);
        if (altered) await (admin ? database.admin(altered) : database.query(altered));
        const then = [await contentOf(database), await catalogOf(database)];
        const quiet = altered?.includes('TRIGGER') ? 'ALTER TABLE things DISABLE TRIGGER USER' : 'SELECT';
        const loud = altered?.includes('TRIGGER') ? 'ALTER TABLE things ENABLE ALWAYS TRIGGER shout' : 'SELECT';
        await database.admin(
          `${quiet}; ${edit.replaceAll('INTO things VALUES', 'INTO things OVERRIDING SYSTEM VALUE VALUES')}; ${loud}`,
        );
        const result = await restoreInto(database, made, { apply: 'auto' });
        expect(result).toMatchObject(why === null ? { way: 'rows' } : { way: 'rewrite', why });
        expect([await contentOf(database), await catalogOf(database)]).toEqual(then);
      });

    test('promise 2: a row elsewhere that refers to one that goes is never removed with it', async () => {
      await database.admin('DROP PUBLICATION IF EXISTS everything');
      await database.query(
        `DROP TABLE IF EXISTS things, parts CASCADE; ${TABLES}; CREATE TABLE elsewhere (thing int REFERENCES things ON DELETE CASCADE); ${ROWS}`,
      );
      const made = await backupOf(database, MODEL);
      await database.query(`INSERT INTO things VALUES (99, 1, 'new', true); INSERT INTO elsewhere VALUES (99)`);
      const refused = await restoreInto(database, made, { apply: 'auto' }).catch((error: unknown) => error);
      expect(refused).toMatchObject({ code: 'LINKS_BROKEN' });
      expect(await database.query('SELECT * FROM elsewhere')).toEqual([{ thing: 99 }]);
    });
  });
