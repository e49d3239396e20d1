import { describe, expect, test } from 'bun:test';
import { customType, doublePrecision, integer, jsonb, numeric, pgTable, text, timestamp } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { campaign } from '../../db/testing/campaign.fixture.ts';
import { contentOf } from '../../db/testing/content.fixture.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { NASTY_TEXTS } from '../../db/testing/fixtures/nasty-texts.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const bytea = customType<{ data: Uint8Array }>({ dataType: () => 'bytea' });
const mixed = pgTable('mixed', {
  words: text(),
  n: numeric(),
  doc: jsonb(),
  raw: bytea(),
  d: doublePrecision(),
  at: timestamp({ withTimezone: true }),
  texts: text().array(),
});
const lonely = pgTable('only "one" column', { words: text('\\.') });
const blobs = pgTable('blobs', { id: integer().primaryKey(), words: text(), raw: bytea() });

const DDL = `
  CREATE TABLE mixed (words text, n numeric, doc jsonb, raw bytea, d double precision, at timestamptz, texts text[]);
  CREATE TABLE "only ""one"" column" ("\\." text);
  CREATE TABLE blobs (id integer PRIMARY KEY, words text, raw bytea);`;

// Characters that make formats stumble come often; NUL and lone surrogates are not PostgreSQL text.
const pieces = fc.oneof(
  fc.constantFrom('\n', '\\.', '"', ',', '\\', '\t', '\r', ' ', '\\N', 'a', '😀', '\u0001'),
  fc.string({ unit: 'binary', maxLength: 3 }),
);
const words = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((parts) => parts.join('').replaceAll(/[\0\p{Cs}]/gu, '')),
  fc.constantFrom(...NASTY_TEXTS.filter((nasty) => nasty.length < 5000)),
);
const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 60 }).map((all) => all.join(''));
const number = fc.oneof(
  fc.tuple(fc.constantFrom('', '-'), digits, digits).map(([sign, whole, part]) => `${sign}${whole}.${part}`),
  fc.constantFrom('NaN', 'Infinity', '-Infinity', '0.00', '-0'),
);
const orNull = <T>(values: fc.Arbitrary<T>) => fc.option(values, { nil: null, freq: 4 });
const row = fc.tuple(
  orNull(words),
  orNull(number),
  orNull(fc.jsonValue({ stringUnit: words }).map((value) => JSON.stringify(value))),
  orNull(fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes))),
  orNull(fc.double().map((value) => (Object.is(value, -0) ? '-0' : String(value)))),
  orNull(
    fc.date({ min: new Date('-004700-01-01'), max: new Date('+200000-01-01'), noInvalidDate: true }).map(postgresTime),
  ),
  orNull(fc.array(orNull(words), { maxLength: 4 })),
);

function postgresTime(date: Date): string {
  const [, sign = '', year = '', rest = ''] = /^([+-]?)0*(\d{4,})(-.*)Z$/.exec(date.toISOString()) ?? [];
  const bc = sign === '-' || Number(year) === 0;
  return `${String(bc ? Number(year) + 1 : year).padStart(4, '0')}${rest.replace('T', ' ')}+00${bc ? ' BC' : ''}`;
}

for (const server of testServers()) {
  describe(`values on server ${server}`, () => {
    test('promise 2: whatever the rows are, a backup restores them', async () => {
      await using database = await testDatabase({ server });
      await database.query(DDL);
      const model = modelFromSchema({ mixed, lonely });
      const property = fc.asyncProperty(
        fc.array(row, { minLength: 1, maxLength: 120, size: 'max' }),
        fc.array(orNull(words), { maxLength: 120, size: 'max' }),
        async (rows, lonelies) => {
          await database.query('TRUNCATE mixed, "only ""one"" column"');
          for (const values of rows)
            await database.query('INSERT INTO mixed VALUES ($1, $2, $3, $4, $5, $6, $7)', values);
          await database.query('INSERT INTO "only ""one"" column" SELECT unnest($1::text[])', [lonelies]);
          const before = await contentOf(database);
          const made = await backupOf(database, model, { jobs: 1 });
          await database.query('TRUNCATE mixed, "only ""one"" column"');
          await restoreInto(database, made, { jobs: 1 });
          expect(await contentOf(database)).toEqual(before);
        },
      );
      await fc.assert(property, { numRuns: campaign(2, 25), endOnFailure: true });
    });

    test('promise 2: values larger than a chunk come back byte for byte, a text that is all one letter and bytes that cannot be compressed among them', async () => {
      await using database = await testDatabase({ server });
      await database.query(DDL);
      const size = campaign(12_000_000, 50_000_000);
      await database.query(`
        INSERT INTO blobs VALUES
          (1, repeat('x', ${size}), NULL),
          (2, repeat(E'é"\\\\,\\n\\\\.\\n', ${Math.floor(size / 24)}), NULL),
          (3, NULL, (SELECT string_agg(sha256(n::text::bytea), '' ORDER BY n) FROM generate_series(1, ${size} / 32) AS n)),
          (4, '', '')`);
      const digests = () =>
        database.query(
          'SELECT id, length(words), md5(words) AS words, octet_length(raw), md5(raw) AS raw FROM blobs ORDER BY id',
        );
      const before = await digests();
      const made = await backupOf(database, modelFromSchema({ blobs }));
      await database.query(`DELETE FROM blobs WHERE id < 3; UPDATE blobs SET raw = 'changed'`);
      await restoreInto(database, made);
      expect(await digests()).toEqual(before);
    });
  });
}
