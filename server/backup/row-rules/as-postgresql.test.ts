import { describe, expect, test } from 'bun:test';
import type { SchemaModel, TableModel } from '../../../db/model/model.ts';
import { quoteLiteral } from '../../../db/model/quote.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import type { Manifest, ManifestTable } from '../../archive/manifest/manifest.ts';
import { type Archive, openArchive } from '../../archive/reader.ts';
import { forever } from '../../archive/sample.fixture.ts';
import { bytesSource, createMemoryStorage } from '../../storage/memory.ts';
import { backupOf } from '../../testing/verbs.fixture.ts';
import { checkRows, type RowRuleReport } from './check-rows.ts';
import { equalityOf } from './equality.ts';
import {
  RANDOM_TYPES,
  RANDOM_TYPES_IN_MANIFEST,
  type RandomRule,
  type RandomTable,
  randomRules,
  VALUES,
} from './random-rules.fixture.ts';

/** Returns a model without columns: a backup includes columns that the schema does not know. */
function modelOf(schema: string, names: string[]): SchemaModel {
  const tables = names.map(
    (name): TableModel => ({
      schema,
      name,
      key: `${schema}_${name}`,
      columns: [],
      primaryKey: null,
      uniques: [],
      foreignKeys: [],
    }),
  );
  return { tables, enums: [], sequences: [], fingerprint: 'ab'.repeat(32) };
}

/** Returns an archive with the rows of schema `bare` under the rules of the same tables in schema `ruled`. */
async function archiveUnderRules(database: TestDatabase, names: string[]): Promise<Archive> {
  const ruled = (await backupOf(database, modelOf('ruled', names))).manifest;
  const bare = await backupOf(database, modelOf('bare', names));
  const archive = await openArchive(bytesSource(bare.bytes));
  return { ...archive, manifest: { ...bare.manifest, tables: underRules(bare.manifest, ruled) } };
}

function underRules(bare: Manifest, ruled: Manifest): ManifestTable[] {
  return bare.tables.map((table) => {
    const { primaryKey, uniques, links, rules } = ruled.tables.find(({ name }) => name === table.name) as ManifestTable;
    const moved = links.map((foreignKey) => ({ ...foreignKey, target: { ...foreignKey.target, schema: 'bare' } }));
    return { ...table, primaryKey, uniques, links: moved, ...(rules && { rules }) };
  });
}

async function check(archive: Archive): Promise<RowRuleReport> {
  const deps = { scratch: createMemoryStorage(() => new Date()), seed: 7 };
  return await checkRows(archive, deps, { signal: forever(), onProgress: () => undefined });
}

async function makeTables(database: TestDatabase, schema: string, tables: RandomTable[]): Promise<void> {
  await database.query(`CREATE SCHEMA ${schema}`);
  for (const { name, columns } of tables)
    await database.query(`CREATE TABLE ${schema}."${name}" (${columns.map((column) => column.join(' ')).join(', ')})`);
}

const addRule = (schema: string, { table, name, definition }: RandomRule) =>
  `ALTER TABLE ${schema}."${table}" ADD CONSTRAINT ${name} ${definition.replace('%', schema)}`;

/**
 * Returns PostgreSQL's own verdict. Copies the referenced table without repeated keys first, because a foreign key may only refer to a
 * unique one.
 */
async function breaks(database: TestDatabase, rule: RandomRule): Promise<boolean> {
  const { target } = rule;
  const columns = target?.columns.join(', ') ?? '';
  const copy = target
    ? `CREATE TABLE keys."${target.table}" AS SELECT DISTINCT ON (${columns}) ${columns} FROM bare."${target.table}";
       ALTER TABLE keys."${target.table}" ADD UNIQUE (${columns});`
    : '';
  const definition = rule.definition.replace('%', 'keys');
  const attempt = `ALTER TABLE bare."${rule.table}" ADD CONSTRAINT ${rule.name} ${definition}`;
  try {
    await database.query(`BEGIN; CREATE SCHEMA keys; ${copy} ${attempt}; ROLLBACK`);
    return false;
  } catch (error) {
    await database.query('ROLLBACK');
    const code = (error as { code?: string }).code ?? '';
    if (!['23502', '23503', '23505'].includes(code)) throw error;
    return true;
  }
}

/** Returns random numbers from a seed, so that a failure can be repeated. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

for (const server of testServers()) {
  describe(`the rows of an archive of server ${server}`, () => {
    test('promise 11: hold values that are told apart exactly as PostgreSQL tells them apart', async () => {
      await using database = await testDatabase({ server });
      await database.query(RANDOM_TYPES);
      for (const [type, values] of Object.entries(VALUES)) {
        const equality = equalityOf({ sqlType: type }, RANDOM_TYPES_IN_MANIFEST);
        const list = `unnest(ARRAY[${values.map(quoteLiteral).join(', ')}]) AS`;
        // concat() writes values as COPY does; a cast to text would remove the blanks.
        const pairs = await database.query<{ a: string; b: string; equal: boolean }>(
          `SELECT concat(a::${type}) AS a, concat(b::${type}) AS b, a::${type} = b::${type} AS equal FROM ${list} a, ${list} b`,
        );
        for (const { a, b, equal } of pairs)
          expect([type, a, b, equality?.canonical(a) === equality?.canonical(b)]).toEqual([type, a, b, equal]);
      }
    });

    test('promise 11: break a rule exactly when PostgreSQL refuses to put that rule over them', async () => {
      await using database = await testDatabase({ server });
      await database.query(RANDOM_TYPES);
      const { tables, rules } = randomRules(100, randomFrom(Number(server)));
      await makeTables(database, 'bare', tables);
      await makeTables(database, 'ruled', tables);
      for (const { name, rows } of tables) {
        const values = rows.map(
          (row) => `(${row.map((value) => (value === null ? 'NULL' : quoteLiteral(value))).join(', ')})`,
        );
        if (rows.length > 0) await database.query(`INSERT INTO bare."${name}" VALUES ${values.join(', ')}`);
      }
      for (const rule of rules) await database.query(addRule('ruled', rule));

      const report = await check(
        await archiveUnderRules(
          database,
          tables.map(({ name }) => name),
        ),
      );
      expect(report.unchecked).toEqual([]);
      expect(report.checked).toBe(rules.length);
      const ours = rules.map(({ name }) => [name, report.broken.some(({ rule }) => rule === name)]);
      const theirs: [string, boolean][] = [];
      for (const rule of rules) theirs.push([rule.name, await breaks(database, rule)]);
      expect(ours).toEqual(theirs);
      // Neither verdict is always the same.
      const broken = theirs.filter(([, breaking]) => breaking).length;
      expect(broken).toBeGreaterThan(20);
      expect(broken).toBeLessThan(rules.length - 20);
    }, 120_000);
  });
}
