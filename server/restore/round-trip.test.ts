import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { type Content, contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { DAMAGE } from '../../db/testing/fixtures/all-types.damage.ts';
import { fillAllTypes } from '../../db/testing/fixtures/all-types.rows.ts';
import * as allTypes from '../../db/testing/fixtures/all-types.schema.ts';
import { testServers } from '../../db/testing/servers.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const DDL = join(import.meta.dir, '../../db/testing/fixtures/all-types.sql');
const model = modelFromSchema(allTypes);

for (const server of testServers()) {
  describe(`a round trip on server ${server}`, () => {
    let database: TestDatabase;
    let rows: Content;
    let sequences: Record<string, string>;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await database.query(await readFile(DDL, 'utf8'));
      await fillAllTypes(database.query);
      rows = await contentOf(database);
      sequences = await sequencesOf(database);
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('the fixture fills every table but the one that stays empty', () => {
      expect(Object.keys(rows).filter((table) => rows[table]?.length === 0)).toEqual(['public.nothing_here']);
    });

    for (const compression of ['deflate', 'zstd'] as const) {
      test(`promise 2: restoring a ${compression} backup over damaged tables gives every row of every type and every sequence as it was`, async () => {
        const catalog = await catalogOf(database);
        const made = await backupOf(database, model, { compression, strict: true });
        expect(made.result.warnings).toEqual([]);
        await database.admin(DAMAGE);
        expect(await contentOf(database)).not.toEqual(rows);
        const result = await restoreInto(database, made);
        expect(await contentOf(database)).toEqual(rows);
        expect(await sequencesOf(database)).toEqual(sequences);
        expect(result.tables).toEqual(made.result.tables);
        expect(result.warnings).toEqual([]);
        expect(await catalogOf(database)).toEqual(catalog);
      });
    }

    test('a chunk with a line `\\.` is kept as COPY text, and one without as CSV', async () => {
      const { manifest } = await backupOf(database, model);
      const formats = (name: string) =>
        manifest.entries.filter((entry) => entry.table?.name === name).map((entry) => entry.format);
      expect(formats('texts')).toContain('copy');
      expect(formats('orders')).toEqual(['csv']);
      expect(formats('nothing_here')).toEqual([]);
    });

    test('promise 2: inserts after a restore get fresh ids', async () => {
      const made = await backupOf(database, model);
      await database.admin(DAMAGE);
      await restoreInto(database, made);
      const fresh = await database.query(`
        WITH t AS (INSERT INTO texts DEFAULT VALUES RETURNING id), k AS (INSERT INTO tickets DEFAULT VALUES RETURNING id), i AS (INSERT INTO invoices DEFAULT VALUES RETURNING id),
             c AS (INSERT INTO counters DEFAULT VALUES RETURNING id, small, down), a AS (INSERT INTO animals DEFAULT VALUES RETURNING id), b AS (INSERT INTO birds DEFAULT VALUES RETURNING id),
             l AS (INSERT INTO order_lines (tenant, order_no) VALUES ('a', 1) RETURNING line), n AS (INSERT INTO nothing_here (words) VALUES ('') RETURNING id)
        SELECT t.id AS text, least(k.id, i.id) AS shared, greatest(k.id, i.id) AS next, c.id::int AS counter, c.small, c.down, least(a.id, b.id) AS animal, l.line, n.id AS first
          FROM t, k, i, c, a, b, l, n`);
      // 85 texts from 100 in steps of 3; 10 tickets and invoices from 1000 in steps of 10; 7 counters, 2 of them deleted; 9 animals; 180
      // lines numbered by default.
      expect(fresh).toEqual([
        {
          text: 100 + 3 * (rows['public.texts']?.length ?? 0),
          shared: '1100',
          next: '1110',
          counter: 8,
          small: 8,
          down: -25,
          animal: 10,
          line: 181,
          first: 1,
        },
      ]);
      await restoreInto(database, made);
      expect(await contentOf(database)).toEqual(rows);
    });

    test('promise 2: inserts work after a table is restored alone, though its sequence serves others too, and that sequence never goes back', async () => {
      const made = await backupOf(database, model);
      const shared = 'SELECT last_value::int AS at FROM "Shared ""Numbers"""';
      await database.query(
        `SELECT setval('"Shared ""Numbers"""', 1000, false), setval('animals_id_seq', 1, false), setval('counters_id_seq', 555)`,
      );
      await restoreInto(database, made, { tables: ['tickets', 'birds'] });
      expect(await database.query(shared)).toEqual([{ at: 1090 }]);
      expect(await database.query('SELECT last_value::int AS at FROM counters_id_seq')).toEqual([{ at: 555 }]);
      await database.query('INSERT INTO tickets DEFAULT VALUES; INSERT INTO birds DEFAULT VALUES');
      await database.query(`SELECT setval('"Shared ""Numbers"""', 5000)`);
      await restoreInto(database, made, { tables: ['tickets', 'birds'] });
      expect(await database.query(shared)).toEqual([{ at: 5000 }]);
      await restoreInto(database, made);
      expect(await sequencesOf(database)).toEqual(sequences);
      expect(await contentOf(database)).toEqual(rows);
    });
  });
}
