import { describe, expect, test } from 'bun:test';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { shareOf } from '../../../db/testing/campaign.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import * as schema from '../../../db/testing/fixtures/preflight.schema.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { backupOf } from '../../testing/verbs.fixture.ts';
import { checkEnvironment } from './check.ts';

const MODEL = modelFromSchema(schema);

const DDL = `
  CREATE DOMAIN pct AS int;
  CREATE TABLE p (id int PRIMARY KEY, name text);
  CREATE TABLE c (id int PRIMARY KEY, pid int REFERENCES p, until timestamptz, share pct, shares pct[]);
  INSERT INTO p VALUES (1, 'a'), (2, 'b'); INSERT INTO c VALUES (1, 1, now(), 5, '{5}')`;

const check = async (database: TestDatabase, storage = createMemoryStorage(() => new Date())) =>
  await checkEnvironment({ databaseUrl: database.url, storage, model: MODEL }, new AbortController().signal);

/** Faults: SQL that makes one as the superuser, the finding of `--check`, and whether a backup sees it from the catalogs alone. */
const FAULTS: { what: string; sql: string; check: string; says: RegExp; stops: boolean; backup: boolean }[] = [
  {
    what: 'a row whose foreign key leads nowhere',
    sql: `SET session_replication_role = replica; INSERT INTO c VALUES (2, 77); SET session_replication_role = origin`,
    check: 'restore rows',
    says: /^1 row breaks c_pid_fkey of public\.c, with the keys 2$/,
    stops: true,
    backup: false,
  },
  {
    what: 'a check that rows break since the time went on',
    sql: `INSERT INTO c VALUES (3, 1, now() + interval '0.2 s'); DELETE FROM c WHERE id = 1; ALTER TABLE c ADD CONSTRAINT future CHECK (until > now()); SELECT pg_sleep(0.3)`,
    check: 'restore rows',
    says: /^1 row breaks future of public\.c, with the keys 3$/,
    stops: true,
    backup: false,
  },
  {
    what: 'a check that hangs on the time',
    sql: `ALTER TABLE c ADD CONSTRAINT past CHECK (until <= now())`,
    check: 'restore',
    says: /past of public\.c depends on more than the row/,
    stops: false,
    backup: true,
  },
  {
    what: 'a check that is NOT VALID',
    sql: `ALTER TABLE p ADD CONSTRAINT short CHECK (length(name) < 1) NOT VALID`,
    check: 'restore rows',
    says: /^2 rows break short of public\.p, with the keys 1; 2$/,
    stops: false,
    backup: false,
  },
  {
    what: 'a check of a domain that is NOT VALID',
    sql: `ALTER DOMAIN pct ADD CONSTRAINT small CHECK (VALUE < 3 OR VALUE::text = 'VALUE') NOT VALID`,
    check: 'restore rows',
    says: /^1 row breaks small of the type public\.pct in share of public\.c, with the keys 1$/,
    stops: false,
    backup: false,
  },
  {
    what: 'an array of a domain whose check became false',
    sql: `CREATE FUNCTION fits(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT true'; CREATE DOMAIN fit AS int CHECK (public.fits(VALUE));
          ALTER TABLE c ALTER shares TYPE fit[]; CREATE OR REPLACE FUNCTION fits(int) RETURNS bool IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 9'`,
    check: 'restore rows',
    says: /^at least 1 rows break the rules of the type public\.fit in shares of public\.c$/,
    stops: true,
    backup: false,
  },
  ...Object.entries({
    'a check': {
      sql: `ALTER TABLE c ADD CONSTRAINT uses_it CHECK (known(pid) IS NOT NULL)`,
      says: 'uses_it of public\\.c cannot be checked against',
    },
    'a domain': {
      sql: `ALTER TABLE c ALTER shares TYPE int[]; ALTER DOMAIN pct ADD CONSTRAINT uses_it CHECK (known(VALUE) IS NOT NULL)`,
      says: 'uses_it of the type public\\.pct in share of public\\.c cannot be checked against',
    },
    'a generated column': {
      sql: `ALTER TABLE c ADD uses_it bool GENERATED ALWAYS AS (known(pid)) STORED`,
      says: 'the generated column uses_it of public\\.c cannot be computed from',
    },
    'an index': {
      sql: `CREATE INDEX uses_it ON c (id, known(pid))`,
      says: 'the index uses_it of public\\.c cannot be computed from',
    },
    'a part of an index': {
      sql: `CREATE INDEX uses_it ON c (id) WHERE known(pid)`,
      says: 'the index uses_it of public\\.c cannot be computed from',
    },
    'a unique index': {
      sql: `CREATE UNIQUE INDEX uses_it ON c (known(pid), id)`,
      says: 'uses_it of public\\.c cannot be checked against',
    },
  }).map(([what, { sql, says }]) => ({
    what: `${what} whose function finds its names by a search path`,
    // Since 17 the server itself builds indexes without a search path, so this function gets its unqualified name only afterwards.
    sql: `CREATE FUNCTION known(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM public.p WHERE id = $1); END'; ${sql};
          CREATE OR REPLACE FUNCTION known(int) RETURNS bool IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN EXISTS (SELECT FROM p WHERE id = $1); END'`,
    check: 'restore rows',
    says: new RegExp(
      `^${says} the rows: the function public\\.known\\(integer\\) does not find what it names \\(SQLSTATE 42P01\\)$`,
    ),
    stops: true,
    backup: true,
  })),
  {
    what: 'a NULL where the catalog says NOT NULL',
    sql: `INSERT INTO p VALUES (3, NULL); UPDATE pg_attribute SET attnotnull = true WHERE attrelid = 'p'::regclass AND attname = 'name'`,
    check: 'restore rows',
    says: /^1 row breaks NOT NULL of id, name of public\.p, with the keys 3$/,
    stops: true,
    backup: false,
  },
  {
    what: 'an index that is not valid',
    sql: `CREATE INDEX p_name ON p (name); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'p_name'::regclass`,
    check: 'restore',
    says: /the index public\.p_name of public\.p is not valid/,
    stops: false,
    backup: true,
  },
  {
    what: 'duplicates under a damaged unique index',
    sql: `CREATE UNIQUE INDEX p_name ON p (lower(name)); UPDATE pg_index SET indisready = false WHERE indexrelid = 'p_name'::regclass; INSERT INTO p VALUES (4, 'A');
          UPDATE pg_index SET indisready = true WHERE indexrelid = 'p_name'::regclass`,
    check: 'restore rows',
    says: /^1 row breaks p_name of public\.p, with the keys (1 and 4|4 and 1)$/,
    stops: true,
    backup: false,
  },
  {
    what: 'a foreign key that is switched off',
    sql: `ALTER TABLE c DISABLE TRIGGER ALL`,
    check: 'restore',
    says: /the foreign key public\.c\.c_pid_fkey is disabled/,
    stops: true,
    backup: true,
  },
  {
    what: 'a right that the owner took from himself',
    sql: `REVOKE UPDATE, DELETE, TRUNCATE ON p FROM preflight_checker`,
    check: 'restore rights',
    says: /preflight_checker may not empty public\.p/,
    stops: true,
    backup: true,
  },
];

const KINDS = ['domain', 'foreign key', 'generated', 'unique', 'index', 'NOT NULL', 'check'];
/** Returns what the fault lies in. */
function kindOf({ what }: { what: string }): string {
  return KINDS.find((kind) => what.includes(kind)) ?? what;
}

for (const server of testServers()) {
  describe(`what a restore would meet, on server ${server}`, () => {
    test('promise 11: a sound database is said to be restorable, and its backup has no warning', async () => {
      await using database = await testDatabase({ server, owner: 'preflight_checker' });
      await database.query(DDL);
      const report = await check(database);
      expect(report).toMatchObject({ ok: true, restorable: true });
      expect(report.findings.filter(({ ok, check: name }) => !ok && name !== 'restore space')).toEqual([]);
      expect((await backupOf(database, MODEL)).result.warnings).toEqual([]);
    });

    for (const { what, sql, check: name, says, stops, backup } of shareOf(server, FAULTS, kindOf))
      test(`promise 11: --check names ${what}${backup ? ', and so does each backup' : ''}`, async () => {
        await using database = await testDatabase({ server, owner: 'preflight_checker' });
        await database.query(DDL);
        await database.admin(sql);
        const report = await check(database);
        const found = report.findings.filter((finding) => finding.check === name && says.test(finding.message));
        expect(found.map((finding) => finding.restore)).toEqual([stops ? 'stops' : 'may']);
        expect(report).toMatchObject({ ok: true, restorable: !stops });
        if (!backup) return;
        const { warnings } = (await backupOf(database, MODEL)).manifest;
        expect(warnings.some((warning) => new RegExp(says.source.replace(/^\^|\$$/g, '')).test(warning))).toBe(true);
      });
  });
}

test('a folder without room for the estimate fails the check with both numbers', async () => {
  await using database = await testDatabase({ owner: 'preflight_checker' });
  await database.query(`${DDL}; INSERT INTO p SELECT n, repeat('x', 500) FROM generate_series(10, 2000) n`);
  const storage = { ...createMemoryStorage(() => new Date()), freeSpace: async () => 1024 };
  const report = await check(database, storage);
  expect(report.ok).toBe(false);
  expect(report.findings.find((finding) => finding.check === 'space')).toMatchObject({ ok: false, code: 'DISK_FULL' });
});
