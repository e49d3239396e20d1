import { afterAll, beforeAll, expect, test } from 'bun:test';
import type { Sql } from 'postgres';
import { type TestDatabase, testDatabase } from '../testing/database.ts';
import { openDriver } from './driver.ts';

let database: TestDatabase;
let sql: Sql;
beforeAll(async () => {
  database = await testDatabase();
  sql = openDriver(database.url, { connections: 1, applicationName: 'arrays' });
});
afterAll(async () => {
  await sql.end();
  await database[Symbol.asyncDispose]();
});

/** One value by type, as an array of it is read. */
const VALUES: Record<string, unknown[]> = {
  boolean: [true, false],
  smallint: [1, -2],
  integer: [3, -4],
  bigint: ['9007199254740993', '-5'],
  real: [0.5, -1.25],
  'double precision': [0.1, 1e300],
  text: ['plain', '', 'NULL', 'a,b', '{"}', '\\ "quoted"'],
  name: ['one', 'two'],
  'character varying': ['x', 'y z'],
  uuid: ['00000000-0000-4000-8000-000000000001'],
  oid: [26, 4_000_000_000],
};

for (const [type, values] of Object.entries(VALUES)) {
  test(`an array of ${type} is read as an array, and sent as one`, async () => {
    const literal = values.map((value) => `'${String(value)}'::${type}`).join(', ');
    const [read] = await sql.unsafe(
      `SELECT ARRAY[${literal}]::${type}[] AS many, '{}'::${type}[] AS none, ARRAY[NULL]::${type}[] AS empty`,
    );
    expect({ ...read }).toEqual({ many: values, none: [], empty: [null] });
    // The driver takes a boolean's type for that of the array.
    if (type === 'boolean') return;
    const [sent] = await sql.unsafe(`SELECT $1::${type}[] AS back`, [values as never]);
    expect(sent?.['back']).toEqual(values);
  });
}

for (const type of ['json', 'jsonb'])
  test(`an array of ${type} is read as an array of values`, async () => {
    const [read] = await sql.unsafe(`SELECT ARRAY['{"a": [1]}', 'null', '"x"']::${type}[] AS many`);
    expect(read?.['many']).toEqual([{ a: [1] }, null, 'x']);
  });
