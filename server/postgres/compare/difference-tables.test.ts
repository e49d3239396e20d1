import { describe, expect, test } from 'bun:test';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { readTables } from '../catalog/catalog.ts';
import { createStaging } from '../staging/staging.ts';
import { findDifferences } from './differences.ts';
import { readRowKeys } from './row-key.ts';

const SCHEMA = `restore_${'0'.repeat(32)}`;
const COLUMNS = ['name', 'n', 'note'];

describe.each(testServers())('findDifferences() on PostgreSQL %s', (server) => {
  const compared = async (work: (query: (sql: string) => Promise<object[]>) => Promise<void>) => {
    await using database = await testDatabase({ server });
    await database.query(`
      CREATE TABLE things (name varchar(20) COLLATE "C", n numeric(10,4), note text, PRIMARY KEY (n, name));
      INSERT INTO things VALUES ('same', 1, NULL), ('other note', 1, 'new'), ('note gone', 1, NULL), ('live alone', 2, 'x')`);
    const signal = new AbortController().signal;
    await using session = await openWorkingSession(database.url, { applicationName: 'a test', signal });
    const [live] = await readTables(session, [{ schema: 'public', name: 'things' }], new Map());
    if (!live) throw new Error('no table');
    const types = { name: 'varchar(20)', n: 'numeric(10,4)', note: 'text' };
    const staging = {
      schema: SCHEMA,
      name: 't0001',
      columns: Object.entries(types).map(([name, sqlType]) => ({ name, sqlType })),
    };
    await createStaging(session, SCHEMA, [staging]);
    await session.query(
      `INSERT INTO ${SCHEMA}.t0001 VALUES ('same', 1, NULL), ('other note', 1, 'old'), ('note gone', 1, ''), ('backup alone', 2, 'y')`,
    );
    const key = (await readRowKeys(session, [live.oid])).get(live.oid) ?? null;
    const find = (most?: number) =>
      findDifferences(session, {
        ...{ live, staging, columns: COLUMNS, key, rows: 4 },
        ...(most !== undefined && { most }),
      });
    const found = await find();
    expect(found.rows).toEqual({ schema: SCHEMA, name: 'd0001' });
    expect(found.live).toBe(4);
    expect(found.differences).toEqual({
      added: 1,
      changed: 2,
      removed: 1,
      unchanged: 1,
      by: 'key',
      columns: { note: 2 },
    });
    expect((await find()).differences).toEqual(found.differences);
    expect([found.isPart, (await find(4)).isPart, (await find(3)).isPart]).toEqual([false, false, true]);
    await find();
    await work((sql) => session.query(sql));
  };

  test('keeps each difference with its key, what happens to the row, and which columns change', () =>
    compared(async (query) => {
      expect(await query(`SELECT * FROM ${SCHEMA}.d0001 ORDER BY k2`)).toEqual([
        { change: 'add', k1: '2.0000', k2: 'backup alone', columns: null },
        { change: 'remove', k1: '2.0000', k2: 'live alone', columns: null },
        { change: 'change', k1: '1.0000', k2: 'note gone', columns: [3] },
        { change: 'change', k1: '1.0000', k2: 'other note', columns: [3] },
      ]);
    }));

  test('gives the columns of the key their own types', () =>
    compared(async (query) => {
      const columns = await query(
        `SELECT attname AS name, format_type(atttypid, atttypmod) AS type FROM pg_catalog.pg_attribute WHERE attrelid = '${SCHEMA}.d0001'::regclass AND attnum > 0 ORDER BY attnum`,
      );
      expect(columns).toEqual([
        { name: 'change', type: 'text' },
        { name: 'k1', type: 'numeric(10,4)' },
        { name: 'k2', type: 'character varying(20)' },
        { name: 'columns', type: 'smallint[]' },
      ]);
    }));
});
