import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { type AnyPgColumn, integer, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { shareOf } from '../../db/testing/campaign.fixture.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { rejection } from '../../db/testing/code-of.fixture.ts';
import { type Content, contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { openArchive } from '../archive/reader.ts';
import { memorySink } from '../archive/sample.fixture.ts';
import { createArchiveWriter } from '../archive/writer.ts';
import { bytesSource } from '../storage/memory.ts';
import { backupOf, compareWith, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const p = pgTable('p', { id: integer('id').primaryKey() });
const c = pgTable('c', {
  id: integer('id').primaryKey(),
  pid: integer('pid').references((): AnyPgColumn => p.id),
  v: text('v'),
});
const MODEL = modelFromSchema({
  p,
  c,
  parts: pgTable('parts', { id: integer('id').notNull(), pid: integer('pid') }),
  o: pgTable('o', { id: integer('id').primaryKey(), until: timestamp('until', { withTimezone: true }) }),
});
/** SQL of the tables. `private words` stands in values only, and must never be printed. */
const SETUP = `
  CREATE TABLE p (id integer PRIMARY KEY);
  CREATE TABLE c (id integer PRIMARY KEY, pid integer REFERENCES p, v text);
  CREATE TABLE parts (id integer NOT NULL, pid integer) PARTITION BY RANGE (id);
  CREATE TABLE parts_low PARTITION OF parts FOR VALUES FROM (0) TO (100);
  CREATE TABLE o (id integer PRIMARY KEY, until timestamptz);
  INSERT INTO p VALUES (1); INSERT INTO c VALUES (1, 1, 'private words'); INSERT INTO parts VALUES (1, 1); INSERT INTO o VALUES (1, now())`;

interface Case {
  /** Makes the rule and rows that break it, as a superuser with triggers off; the backup comes after. */
  before?: string;
  /** Makes a rule after the backup. */
  after?: string;
  table: string;
  rule: string;
  keys: string;
  /** Pattern of the hint, covering what it must say and what it must not. */
  says: RegExp;
  keeps: boolean;
  /** The first server version that keeps the rule; older ones refuse it. */
  keepsFrom?: number;
}
const OFF = 'SET session_replication_role = replica';
const ON = 'SET session_replication_role = origin';
const CASES: Record<string, Case> = {
  'orphans from a time when triggers were off': {
    before: `${OFF}; INSERT INTO c VALUES (2, 77, 'private words'), (3, 78, NULL); ${ON}`,
    table: 'c',
    rule: 'c_pid_fkey',
    keys: '2; 3',
    says: /^The tables had c_pid_fkey when the backup was made: its rows broke it then already\. Restore with --keep-broken-rules/,
    keeps: true,
  },
  'a foreign key made since': {
    before: 'ALTER TABLE c DROP CONSTRAINT c_pid_fkey; INSERT INTO c VALUES (2, 77, NULL)',
    after:
      'DELETE FROM c WHERE id = 2; ALTER TABLE c ADD CONSTRAINT c_pid_fkey FOREIGN KEY (pid) REFERENCES p DEFERRABLE INITIALLY DEFERRED',
    table: 'c',
    rule: 'c_pid_fkey',
    keys: '2',
    says: /^c_pid_fkey is newer than the backup\. Restore with --keep-broken-rules/,
    keeps: true,
  },
  'a check that depends on the time': {
    before: `UPDATE o SET until = now() + interval '50 ms'; ALTER TABLE o ADD CONSTRAINT future CHECK (until > now())`,
    after: 'SELECT pg_sleep(0.1)',
    table: 'o',
    rule: 'future',
    keys: '1',
    says: /^The tables had future when the backup was made: its rows broke it then already, or it depends on more than the row/,
    keeps: true,
  },
  'a check made since, whose definition was another one': {
    before: `ALTER TABLE c ADD CONSTRAINT short CHECK (length(v) < 50)`,
    after: `DELETE FROM c; ALTER TABLE c DROP CONSTRAINT short; ALTER TABLE c ADD CONSTRAINT short CHECK (length(v) < 5)`,
    table: 'c',
    rule: 'short',
    keys: '1',
    says: /^short is not written as it was when the backup was made\. Restore with --keep-broken-rules/,
    keeps: true,
  },
  'a check of a partitioned table': {
    after: 'DELETE FROM parts; ALTER TABLE parts ADD CONSTRAINT low CHECK (pid > 5)',
    table: 'parts',
    rule: 'low',
    keys: '',
    says: /^low is newer than the backup/,
    keeps: true,
  },
  'a foreign key of a partitioned table': {
    before: `ALTER TABLE parts ADD CONSTRAINT parts_p FOREIGN KEY (pid) REFERENCES p; ${OFF}; INSERT INTO parts VALUES (2, 77); ${ON}`,
    table: 'parts',
    rule: 'parts_p',
    keys: '',
    says: /(PostgreSQL before 18 knows no NOT VALID foreign key of a partitioned table|--keep-broken-rules)/,
    keeps: true,
    keepsFrom: 18,
  },
  'a unique key made since': {
    before: `INSERT INTO c VALUES (2, 1, 'private words')`,
    after: `DELETE FROM c; ALTER TABLE c ADD CONSTRAINT one_each UNIQUE (pid)`,
    table: 'c',
    rule: 'one_each',
    keys: '1 and 2',
    says: /^one_each is newer than the backup\. Such a rule cannot be NOT VALID\. Run ALTER TABLE "public"\."c" DROP CONSTRAINT "one_each"; restore/,
    keeps: false,
  },
  'a unique index made since': {
    before: `INSERT INTO c VALUES (2, 1, 'private words')`,
    after: `DELETE FROM c; CREATE UNIQUE INDEX one_each ON c (lower(v))`,
    table: 'c',
    rule: 'one_each',
    keys: '1 and 2',
    says: /^Such a rule cannot be NOT VALID\. Run DROP INDEX "public"\."one_each"; restore, correct the rows, and run CREATE UNIQUE INDEX/,
    keeps: false,
  },
  'a unique key made since, under a collation that knows no case': {
    before: `CREATE COLLATION any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false); ALTER TABLE c ALTER v TYPE text COLLATE any_case; INSERT INTO c VALUES (2, 1, 'Private Words')`,
    after: `DELETE FROM c; ALTER TABLE c ADD CONSTRAINT one_each UNIQUE (v)`,
    table: 'c',
    rule: 'one_each',
    keys: '1 and 2',
    says: /^one_each is newer than the backup\. Such a rule cannot be NOT VALID/,
    keeps: false,
  },
  'a check made since that hangs on the collation of its column': {
    before: `CREATE COLLATION any_case (PROVIDER = icu, LOCALE = 'und-u-ks-level2', DETERMINISTIC = false); ALTER TABLE c ALTER v TYPE text COLLATE any_case; INSERT INTO c VALUES (2, 1, 'Other')`,
    after: `DELETE FROM c WHERE id = 2; ALTER TABLE c ADD CONSTRAINT no_other CHECK (v <> 'OTHER')`,
    table: 'c',
    rule: 'no_other',
    keys: '2',
    says: /^no_other is newer than the backup/,
    keeps: true,
  },
  'NOT NULL made since': {
    before: `INSERT INTO c VALUES (2, 1, NULL)`,
    after: `DELETE FROM c WHERE id = 2; ALTER TABLE c ALTER v SET NOT NULL`,
    table: 'c',
    rule: 'NOT NULL of v',
    keys: '2',
    says: /^Such a rule cannot be NOT VALID\. Run ALTER TABLE "public"\."c" ALTER "v" DROP NOT NULL; restore/,
    keeps: false,
  },
};

const KINDS = ['orphans', 'foreign key', 'check', 'unique', 'NOT NULL'];
/** Returns the kind of rule of a case; one in which servers differ is a kind of its own. */
function kindOf([what, { keepsFrom }]: [string, Case]): string {
  return keepsFrom === undefined ? (KINDS.find((kind) => what.includes(kind)) ?? what) : what;
}

for (const server of testServers()) {
  describe(`rows that break a rule, on server ${server}`, () => {
    const everything = async (database: TestDatabase) => [
      await contentOf(database),
      await catalogOf(database),
      await sequencesOf(database),
      await database.admin(`SELECT nspname FROM pg_namespace WHERE nspname LIKE 'restore%'`),
    ];

    for (const [what, { before = '', after = '', table, rule, keys, says, keeps, keepsFrom = 0 }] of shareOf(
      server,
      Object.entries(CASES),
      kindOf,
    )) {
      describe(what, () => {
        let database: TestDatabase;
        let rows: Content;
        let made: MadeBackup;
        let now: Awaited<ReturnType<typeof everything>>;
        beforeAll(async () => {
          database = await prepared(server, before);
          rows = await contentOf(database);
          made = await backupOf(database, MODEL);
          await database.admin(after);
          now = await everything(database);
        });
        afterAll(() => database?.[Symbol.asyncDispose]());

        test('promise 5: the refusal names rule, rows and a way that is true, and nothing changes', async () => {
          const [stop] = (await compareWith(database, made)).stops;
          const error = await rejection(restoreInto(database, made));
          // A row of live without a key has a place on disk, a staged one has none.
          expect(stop && { ...stop, message: stop.message.replace(/, with the keys ctid \(.*\)/, '') }).toEqual({
            code: error.code,
            message: error.message.replace(' Nothing was changed.', ''),
            hint: error.hint ?? null,
          });
          expect(['LINKS_BROKEN', 'RESTORE_REFUSED']).toContain(error.code);
          expect(error.message).toContain(`${rule} of public.${table}`);
          expect(error.message).toMatch(/^\d+ rows? of the backup breaks? /);
          if (keys !== '') expect(error.message).toContain(`, with the keys ${keys}. Nothing was changed.`);
          expect(error.hint).toMatch(says);
          expect(JSON.stringify([error.message, error.hint, error.details])).not.toContain('private words');
          expect(await everything(database)).toEqual(now);
        });

        test(`promise 2: --keep-broken-rules ${keeps ? 'brings the rows back, the rule NOT VALID and the rows named' : 'cannot help, and says so'}`, async () => {
          if (!keeps || Number(server) < keepsFrom) {
            const [stop] = (await compareWith(database, made, { keepBrokenRules: true })).stops;
            const error = await rejection(restoreInto(database, made, { keepBrokenRules: true }));
            expect(stop).toMatchObject({ code: error.code, hint: error.hint });
            expect(error.hint).not.toContain('--keep-broken-rules');
            expect(error.hint).toContain('restore, correct the rows');
            expect(await everything(database)).toEqual(now);
            return;
          }
          const plan = await compareWith(database, made, { keepBrokenRules: true });
          expect([plan.stops, plan.rules]).toMatchObject([[], [{ table, rule, outcome: 'kept', keepable: true }]]);
          const { warnings } = await restoreInto(database, made, { keepBrokenRules: true });
          expect(await contentOf(database)).toEqual(rows);
          expect(warnings).toEqual([expect.stringContaining(`${rule} of public.${table} is NOT VALID now.`)]);
          if (keys !== '') expect(warnings[0]).toContain(`with the keys ${keys}`);
          expect(warnings[0]).toContain(`VALIDATE CONSTRAINT "${rule}";`);
          expect(warnings[0]).not.toContain('private words');
          // Once NOT VALID it stays so, and the next restore needs no flag.
          const [valid] = await database.query<{ valid: boolean }>(
            `SELECT convalidated AS valid FROM pg_constraint WHERE conname = '${rule}' AND conrelid = '${table}'::regclass`,
          );
          expect(valid).toEqual({ valid: false });
          const catalog = await catalogOf(database);
          expect((await restoreInto(database, made)).warnings).toEqual([]);
          expect(await catalogOf(database)).toEqual(catalog);
        });
      });
    }

    test('--keep-broken-rules changes no rule that the rows keep', async () => {
      await using database = await prepared(
        server,
        'ALTER TABLE c ADD CONSTRAINT kept CHECK (id > 0); COMMENT ON CONSTRAINT kept ON c IS $$why$$',
      );
      const made = await backupOf(database, MODEL);
      const now = await everything(database);
      expect((await restoreInto(database, made, { keepBrokenRules: true })).warnings).toEqual([]);
      expect(await everything(database)).toEqual(now);
    });

    test('a chosen table whose rows refer to rows of one that was not chosen, or that one the other way round: the hint names what else to restore, and rows that would refer to nothing are named', async () => {
      await using database = await prepared(server, '');
      const made = await backupOf(database, MODEL);
      await database.query('DELETE FROM c; DELETE FROM p');
      const lost = await rejection(restoreInto(database, made, { tables: ['c'] }));
      expect(lost.code).toBe('LINKS_BROKEN');
      expect(lost.hint).toBe('Restore public.p as well: it is in the backup, and was not chosen.');

      await database.query(`INSERT INTO p VALUES (1), (5); INSERT INTO c VALUES (1, 1, 'x'), (9, 5, 'private words')`);
      const error = await rejection(restoreInto(database, made, { tables: ['p'], keepBrokenRules: true }));
      const planned = await compareWith(database, made, { tables: ['p'], keepBrokenRules: true });
      expect(planned.rules).toMatchObject([{ table: 'c', ofBackup: false, rows: 1, keys: ['9'], outcome: 'refused' }]);
      expect(planned.stops).toEqual([
        { code: error.code, message: error.message.replace(' Nothing was changed.', ''), hint: error.hint ?? null },
      ]);
      expect(error.code).toBe('LINKS_BROKEN');
      expect(error.message).toStartWith('1 row of public.c, which is not restored, breaks c_pid_fkey of public.c');
      expect(error.message).toContain('with the keys 9');
      expect(error.hint).toStartWith('Restore public.c as well, or remove the rows of public.c');
    });

    test('an archive that does not tell its rules has nothing said of their age', async () => {
      await using database = await prepared(
        server,
        'ALTER TABLE c DROP CONSTRAINT c_pid_fkey; INSERT INTO c VALUES (2, 77, NULL)',
      );
      const made = await withoutRules(await backupOf(database, MODEL));
      await database.query('DELETE FROM c WHERE id = 2; ALTER TABLE c ADD FOREIGN KEY (pid) REFERENCES p');
      const error = await rejection(restoreInto(database, made));
      expect(error.hint).toStartWith('Restore with --keep-broken-rules');
    });
  });
}

async function prepared(server: ReturnType<typeof testServers>[number], before: string): Promise<TestDatabase> {
  const database = await testDatabase({ server });
  await database.query(SETUP);
  await database.admin(before);
  return database;
}

/** Returns the archive as an older version of the program would have written it. */
async function withoutRules(made: MadeBackup): Promise<Pick<MadeBackup, 'bytes'>> {
  const archive = await openArchive(bytesSource(made.bytes));
  const sink = memorySink();
  const writer = createArchiveWriter({
    sink,
    compression: { method: 'deflate' },
    time: new Date(archive.manifest.metadata.timestamp),
    signal: new AbortController().signal,
  });
  for (const entry of archive.manifest.entries) {
    const content = await archive.readEntry(entry);
    if (entry.table && entry.format !== 'text')
      await writer.addChunk({ table: entry.table, format: entry.format, rows: entry.rows, content });
    else await writer.addText(entry.name, new TextDecoder().decode(content));
  }
  const tables = archive.manifest.tables.map(({ rules: _, ...table }) => table);
  await writer.finish({ ...archive.manifest, tables, entries: writer.entries });
  return { bytes: sink.bytes() };
}
