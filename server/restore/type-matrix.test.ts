import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { isDeepStrictEqual } from 'node:util';
import { customType, integer, pgSchema } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { type Content, contentOf } from '../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import type { AppError } from '../core/errors.ts';
import { backupOf, type MadeBackup, restoreInto } from '../testing/verbs.fixture.ts';
import { POSITIONS, TYPE_CASES } from './type-matrix.fixture.ts';

interface Placed {
  schema: string;
  title: string;
  position: (typeof POSITIONS)[number];
}

/** Returns every case in a schema of its own, so that one backup holds all: at every position, or at one position each, by turns. */
function placed(everywhere: boolean) {
  return TYPE_CASES.flatMap((one, turn) =>
    POSITIONS.filter((_, at) => everywhere || turn % POSITIONS.length === at).map((position) => ({ ...one, position })),
  ).map((one, index) => ({ ...one, schema: `s${index}`, title: `${one.what}, ${one.position.where}` }));
}

const modelOf = (cases: Placed[]) =>
  modelFromSchema(
    Object.fromEntries(
      cases.map(({ schema, position }) => {
        const typed = customType<{ data: string }>({ dataType: () => `${schema}.${position.type}` });
        return [schema, pgSchema(schema).table('t', { id: integer('id').primaryKey(), v: typed('v') })];
      }),
    ),
  );

async function make(database: TestDatabase, cases: ReturnType<typeof placed>, era: 'was' | 'is'): Promise<void> {
  for (const one of cases) {
    await database.query(`DROP SCHEMA IF EXISTS ${one.schema} CASCADE; CREATE SCHEMA ${one.schema}; SET search_path = ${one.schema}, public;
      ${one[era]}; ${one.position.made}; CREATE TABLE t (id integer PRIMARY KEY, v ${one.position.type})`);
    if (era === 'was') await database.query('INSERT INTO t VALUES (1, $1)', [one.position.value(one.value)]);
  }
}

const tablesOf = (cases: Placed[]) => cases.map(({ schema }) => ({ schema, name: 't' }));
const namesOf = (cases: Placed[]) => cases.map(({ schema }) => `${schema}.t`);

for (const server of testServers()) {
  // Definitions are compared by this program, not the server: every position on one server, every case on both.
  const everywhere = server === '18';
  describe(`every change behind a type's name, ${everywhere ? 'wherever the type stands' : 'the places by turns'}, on server ${server}`, () => {
    const cases = placed(everywhere);
    const exact = cases.filter(({ outcome }) => outcome === 'exact');
    const refused = cases.filter(({ outcome }) => typeof outcome === 'object' && 'reason' in outcome);
    const unfit = cases.filter(({ outcome }) => typeof outcome === 'object' && 'sqlState' in outcome);
    let database: TestDatabase;
    let before: Content;
    let made: MadeBackup;
    beforeAll(async () => {
      database = await testDatabase({ server });
      await make(database, cases, 'was');
      before = await contentOf(database, tablesOf(cases));
      made = await backupOf(database, modelOf(cases));
      await make(database, cases, 'is');
    });
    afterAll(() => database[Symbol.asyncDispose]());

    test('promise 2: what would mean something else is refused, all at once, each by its type and what changed, and nothing else is', async () => {
      const error = (await restoreInto(database, made).catch((cause: unknown) => cause)) as AppError;
      expect(error.code).toBe('SCHEMA_MISMATCH');
      const faults = error.details?.faults as string[];
      const unsaid = refused.filter(
        ({ schema, outcome }) =>
          !faults.some(
            (fault) =>
              fault.startsWith(`${schema}.`) &&
              fault.includes(`(behind ${schema}.t.v): `) &&
              fault.endsWith((outcome as { reason: string }).reason),
          ),
      );
      expect(unsaid.map(({ title }) => title)).toEqual([]);
      const said = new Set(faults.map((fault) => fault.slice(0, fault.indexOf('.'))));
      expect(cases.filter((one) => said.has(one.schema) && !refused.includes(one)).map(({ title }) => title)).toEqual(
        [],
      );
    });

    test('promise 2: what means the same is restored exactly as it was', async () => {
      await restoreInto(database, made, { tables: namesOf(exact) });
      const after = await contentOf(database, tablesOf(exact));
      const other = exact.filter(({ schema }) => !isDeepStrictEqual(after[`${schema}.t`], before[`${schema}.t`]));
      expect(other.map(({ title }) => title)).toEqual([]);
    });

    test.each(unfit.map((one) => [one.title, one] as const))(
      'a value that the type does not take any more is refused and the hint says how the type became narrower: %s',
      async (_, one) => {
        const error = await restoreInto(database, made, { tables: namesOf([one]) }).catch((cause: unknown) => cause);
        expect(error).toMatchObject({ code: 'RESTORE_REFUSED', details: one.outcome });
        expect((error as AppError).hint).toContain(`became narrower since the backup: ${one.schema}.it `);
      },
    );
  });
}
