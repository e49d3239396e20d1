import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { catalogOf } from '../../db/testing/catalog.fixture.ts';
import { type Content, contentOf, sequencesOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { fillAllTypes } from '../../db/testing/fixtures/all-types.rows.ts';
import * as allTypes from '../../db/testing/fixtures/all-types.schema.ts';
import { testServers } from '../../db/testing/servers.ts';
import { psql, UNPACKERS } from '../testing/by-hand.fixture.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';

const DDL = join(import.meta.dir, '../../db/testing/fixtures/all-types.sql');
const model = modelFromSchema(allTypes);

/**
 * Triggers that would swallow rows if they fired: on a table, on a partitioned one, on one partition only; some are disabled in one
 * place.
 */
const TRIGGERS = `
  CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
  CREATE TRIGGER eat BEFORE INSERT ON texts FOR EACH ROW EXECUTE FUNCTION swallow();
  CREATE TRIGGER eat BEFORE INSERT ON events FOR EACH ROW EXECUTE FUNCTION swallow();
  CREATE TRIGGER eat_too BEFORE INSERT ON events_2023 FOR EACH ROW EXECUTE FUNCTION swallow();
  ALTER TABLE events_other DISABLE TRIGGER eat;
  ALTER TABLE events_2023 ENABLE ALWAYS TRIGGER eat;
`;

for (const server of testServers()) {
  describe(`an archive of server ${server} and an empty database`, () => {
    let source: TestDatabase;
    let folder: string;
    let rows: Content;
    let sequences: Record<string, string>;
    const made: Partial<Record<keyof typeof UNPACKERS, MadeBackup>> = {};
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'empty-database-'));
      source = await testDatabase({ server });
      await source.query(await readFile(DDL, 'utf8'));
      await fillAllTypes(source.query);
      rows = await contentOf(source, model.tables);
      sequences = await sequencesOf(source);
      for (const compression of ['deflate', 'zstd'] as const)
        made[compression] = await backupOf(source, model, { compression });
    });
    afterAll(async () => {
      await source[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    });

    /** Returns the archive unpacked by a stock program. */
    async function unpacked(compression: keyof typeof UNPACKERS, command: string[]): Promise<string> {
      const cwd = await mkdtemp(join(folder, 'by-hand-'));
      await Bun.write(join(cwd, 'backup.zip'), made[compression]?.bytes ?? '');
      const { exitCode, stderr } = Bun.spawnSync(command, { cwd });
      expect(`${exitCode} ${stderr}`).toBe('0 ');
      return join(cwd, 'out');
    }

    for (const compression of ['deflate', 'zstd'] as const) {
      test(`promise 9: stock programs unpack a ${compression} archive, and psql alone makes of it the same rows and sequences`, async () => {
        const unpackers = Object.entries(UNPACKERS[compression]).filter(([program]) => Bun.which(program) !== null);
        expect(unpackers).not.toEqual([]);
        const folders = await Promise.all(unpackers.map(([, command]) => unpacked(compression, command)));
        for (const other of folders) expect(Bun.spawnSync(['diff', '-r', folders[0] ?? '', other]).exitCode).toBe(0);
        const cwd = folders[0] ?? '';
        await using target = await testDatabase({ server });
        expect(await psql(target, cwd, 'schema/0001.sql', 'schema/0002.sql', 'restore.sql')).toBe('');
        expect(await contentOf(target)).toEqual(rows);
        expect(await sequencesOf(target)).toEqual(sequences);
      });
    }

    test('promise 9: the archive’s own schema/*.sql makes tables that the program restores into, rows and sequences being the same', async () => {
      const cwd = await unpacked('deflate', UNPACKERS.deflate.python3);
      await using target = await testDatabase({ server });
      expect(await psql(target, cwd, 'schema/0001.sql', 'schema/0002.sql')).toBe('');
      await restoreInto(target, made.deflate as MadeBackup);
      expect(await contentOf(target)).toEqual(rows);
      expect(await sequencesOf(target)).toEqual(sequences);
      // A restored database is a database like any other: its backup holds the same rows.
      const again = await backupOf(target, model);
      expect(again.result.tables).toEqual(made.deflate?.result.tables ?? {});
    });

    test('promise 9: restore.sql fills the application’s own tables, inheritance, partitions and generated columns included', async () => {
      const cwd = await unpacked('deflate', UNPACKERS.deflate.python3);
      await using target = await testDatabase({ server });
      await target.query(await readFile(DDL, 'utf8'));
      await target.query(TRIGGERS);
      const catalog = await catalogOf(target);
      expect(await psql(target, cwd, 'restore.sql')).toBe('');
      expect(await contentOf(target)).toEqual(await contentOf(source));
      expect(await sequencesOf(target)).toEqual(sequences);
      expect(await catalogOf(target)).toEqual(catalog);
    });

    test('promise 2: a backup restores into another database with the same tables', async () => {
      await using target = await testDatabase({ server });
      await target.query(await readFile(DDL, 'utf8'));
      await restoreInto(target, made.zstd as MadeBackup);
      expect(await contentOf(target)).toEqual(await contentOf(source));
      expect(await sequencesOf(target)).toEqual(sequences);
    });
  });
}
