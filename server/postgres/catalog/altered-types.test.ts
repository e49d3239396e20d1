import { expect, test } from 'bun:test';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { refuseAlteredTypes } from './altered-types.ts';
import { readTypes } from './types.ts';

const ALTERATIONS = [
  `ALTER TYPE home ADD ATTRIBUTE country text`,
  `ALTER TABLE kept ADD late text`,
  `ALTER TYPE mood RENAME VALUE 'sad' TO 'happy'`,
  `ALTER DOMAIN code ADD CHECK (VALUE <> '')`,
];

for (const server of testServers())
  test(`promise 1: a type that is altered while its values are copied is noticed, whatever the snapshot says, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.query(`
      CREATE TYPE home AS (city text); CREATE TABLE kept (a text); CREATE TYPE mood AS ENUM ('sad'); CREATE DOMAIN code AS text;
      CREATE TABLE t (home home, old kept, mood mood[], code code)`);
    const [table] = await database.query<{ oid: number }>(`SELECT 't'::regclass::oid::int8::float8 AS oid`);
    const oids = [table?.oid ?? 0];
    const signal = new AbortController().signal;
    await using reader = await openWorkingSession(database.url, { applicationName: 'testing reader', signal });
    await using outside = await openWorkingSession(database.url, { applicationName: 'testing outside', signal });
    for (const alteration of ALTERATIONS) {
      await reader.query('BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY');
      const before = await readTypes(reader, oids);
      await refuseAlteredTypes(outside, before, { oids }, 'Meanwhile');
      await database.query(alteration);
      expect(await readTypes(reader, oids)).toEqual(before);
      await expect(refuseAlteredTypes(outside, before, { oids }, 'Meanwhile')).rejects.toMatchObject({
        code: 'SCHEMA_DRIFT',
        details: { altered: [`public.${/(home|kept|mood|code)/.exec(alteration)?.[0]}`] },
      });
      await reader.query('COMMIT');
    }
  });
