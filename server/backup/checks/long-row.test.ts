import { expect, test } from 'bun:test';
import { customType, integer, pgTable, text } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { rejection } from '../../../db/testing/code-of.fixture.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { createMemoryStorage } from '../../storage/memory.ts';
import { backupOf } from '../../testing/verbs.fixture.ts';
import { checkEnvironment } from './check.ts';

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' });

const TEXTS = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
/** Packs large values in a tenth of the time, where the server can. */
const PACKING = `SELECT set_config(name, 'lz4', false) FROM pg_settings WHERE name = 'default_toast_compression' AND 'lz4' = ANY (enumvals)`;

const KINDS = [
  {
    what: 'a row of a gigabyte, made of texts',
    model: modelFromSchema({
      big: pgTable('big', {
        id: integer('id').primaryKey(),
        ...Object.fromEntries(TEXTS.map((name) => [name, text(name)])),
      }),
    }),
    // Packing a text takes seconds; the others take over the packed one.
    sql: `CREATE TABLE big (id int PRIMARY KEY, ${TEXTS.map((name) => `${name} text`).join(', ')}); INSERT INTO big VALUES (1, ${TEXTS.map(() => `'x'`).join(', ')});
          INSERT INTO big VALUES (2, repeat('a', 150000000)); UPDATE big SET ${TEXTS.map((name) => `${name} = a`).join(', ')} WHERE id = 2`,
    says: /public\.big holds .*: the one with the key 2 \(about 1200 MB: a 150 MB, b 150 MB, c 150 MB[^)]*\)\. No backup was made\.$/,
  },
  {
    what: 'a bytea of half a gigabyte in a partition without a key',
    model: modelFromSchema({ whole: pgTable('whole', { id: integer('id'), file: bytea('file') }) }),
    sql: `CREATE TABLE whole (id int, file bytea) PARTITION BY LIST (id); CREATE TABLE part PARTITION OF whole FOR VALUES IN (7);
          INSERT INTO whole VALUES (7, 'x'), (7, convert_to(repeat('a', 540000000), getdatabaseencoding()))`,
    says: /public\.whole \(in public\.part\) holds .*: the one with the key ctid \(0,2\) \(about 1080 MB: file 1080 MB\)\. No/,
  },
];

const SERVERS = testServers();
// A gigabyte takes time: each server takes one kind, and both in a campaign.
for (const [turn, server] of SERVERS.entries())
  for (const { what, model, sql, says } of KINDS.filter(
    (_, kind) => SERVERS.length === 1 || campaign(kind, turn) === turn,
  ))
    test(`names table and key of ${what}, and --check does so before, on server ${server}`, async () => {
      await using database = await testDatabase({ server });
      await database.query(`${PACKING}; ${sql}`);
      const error = await rejection(backupOf(database, model));
      expect([error.code, error.message]).toEqual(['DATABASE_ERROR', expect.stringMatching(says)]);
      const storage = createMemoryStorage(() => new Date());
      const report = await checkEnvironment(
        { databaseUrl: database.url, storage, model },
        new AbortController().signal,
      );
      expect(report.ok).toBe(false);
      expect(report.findings.find(({ check }) => check === 'long rows')).toMatchObject({
        ok: false,
        message: expect.stringContaining('the one with the key'),
      });
    }, 180_000);

for (const server of testServers())
  test(`an error of the server while rows are copied names their table, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    // The output function of a type may fail; that of an enum does when a label is missing.
    await database.query(
      `CREATE TYPE mood AS ENUM ('good'); CREATE TABLE damaged (id int PRIMARY KEY, mood mood); INSERT INTO damaged VALUES (1, 'good')`,
    );
    await database.admin(`DELETE FROM pg_enum WHERE enumtypid = 'mood'::regtype`);
    const mood = customType<{ data: string }>({ dataType: () => 'mood' });
    const model = modelFromSchema({
      damaged: pgTable('damaged', { id: integer('id').primaryKey(), mood: mood('mood') }),
    });
    expect((await rejection(backupOf(database, model))).message).toContain('while copying public.damaged');
  });
