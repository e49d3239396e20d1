import { describe, expect, test } from 'bun:test';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import fc from 'fast-check';
import { modelFromSchema } from '../../../db/model/drizzle-model.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { contentOf } from '../../../db/testing/content.fixture.ts';
import { type TestDatabase, testDatabase } from '../../../db/testing/database.ts';
import { testServers } from '../../../db/testing/servers.ts';
import { AppError } from '../../core/errors.ts';
import { backupOf, compareWith, restoreInto } from '../../testing/verbs.fixture.ts';

const TABLES = ['t0', 't1', 't2', 't3'] as const;
const model = modelFromSchema(
  Object.fromEntries(
    TABLES.map((name) => [
      name,
      pgTable(name, {
        id: integer('id').notNull(),
        x: integer('x').notNull(),
        r: integer('r'),
        s: integer('s'),
        v: integer('v'),
      }),
    ]),
  ),
);

const OFF = 'SET session_replication_role = replica';
const ON = 'SET session_replication_role = origin';

const table = fc.constantFrom(...TABLES);
const number = fc.nat(3);
const value = fc.option(number, { freq: 4 });
const rows = fc.array(fc.record({ table, id: number, x: fc.nat(1), r: value, s: value, v: value }), { maxLength: 14 });
/** A foreign key by one or both columns of the key, with any action; some are NOT VALID. */
const link = fc.record({
  from: table,
  to: table,
  match: fc.constantFrom('', ' MATCH FULL'),
  action: fc.constantFrom('', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON DELETE RESTRICT ON UPDATE CASCADE'),
  when: fc.constantFrom('', ' DEFERRABLE INITIALLY DEFERRED', ' NOT VALID'),
});
const rule = fc.record({
  table,
  how: fc.constantFrom(
    'ADD CHECK (v < 3)',
    'ADD CHECK (v < 3) NOT VALID',
    'ADD CHECK (10 / v > 0)',
    'ADD UNIQUE (x, id)',
    'ADD UNIQUE (x, id, v)',
    'ADD EXCLUDE USING gist (int4range(id, id + v) WITH &&)',
    'ALTER v SET NOT NULL',
    'ADD g int GENERATED ALWAYS AS (r + s) STORED, ADD CHECK (g < 5)',
    'ADD d int DEFAULT 7, ADD CHECK (d <> v)',
  ),
});
const shape = fc.record({
  tables: fc.tuple(
    ...TABLES.map(() => fc.record({ composite: fc.boolean(), parts: fc.constantFrom('none', 'none', 'hash', 'list') })),
  ),
  before: fc.record({ links: fc.array(link, { maxLength: 4 }), rules: fc.array(rule, { maxLength: 1 }) }),
  after: fc.record({ links: fc.array(link, { maxLength: 2 }), rules: fc.array(rule, { maxLength: 2 }) }),
});
const edits = fc.array(
  fc.oneof(
    fc.record({
      sql: fc.constantFrom('DELETE FROM %', 'UPDATE % SET r = v', 'UPDATE % SET v = NULL'),
      table,
      id: number,
    }),
    fc.record({ sql: fc.constant('TRUNCATE % CASCADE'), table, id: fc.constant(0) }),
  ),
  { maxLength: 5 },
);
const chosen = fc.subarray([...TABLES], { minLength: 1 });

type Shape = typeof shape extends fc.Arbitrary<infer Value> ? Value : never;
type Rules = Shape['before'];
type Rows = typeof rows extends fc.Arbitrary<infer Value> ? Value : never;

async function make(database: TestDatabase, { tables }: Shape): Promise<void> {
  await database.query(`DROP TABLE IF EXISTS ${TABLES.join(', ')} CASCADE`);
  for (const [index, { composite, parts }] of tables.entries()) {
    const name = TABLES[index] ?? '';
    const by = parts === 'none' ? '' : ` PARTITION BY ${parts} (id)`;
    await database.query(
      `CREATE TABLE ${name} (id int, x int NOT NULL, r int, s int, v int, PRIMARY KEY (id${composite ? ', x' : ''}))${by}`,
    );
    if (parts === 'hash')
      for (const remainder of [0, 1])
        await database.query(
          `CREATE TABLE ${name}_${remainder} PARTITION OF ${name} FOR VALUES WITH (MODULUS 2, REMAINDER ${remainder})`,
        );
    if (parts === 'list')
      await database.query(
        `CREATE TABLE ${name}_0 PARTITION OF ${name} FOR VALUES IN (0, 1); CREATE TABLE ${name}_1 PARTITION OF ${name} DEFAULT`,
      );
  }
}

/** Runs each statement, and goes on when the tables do not take one. */
async function tryEach(database: TestDatabase, statements: string[]): Promise<void> {
  for (const statement of statements) await database.admin(statement).catch(() => undefined);
}

function ruleSql({ tables }: Shape, { links, rules }: Rules): string[] {
  return [
    ...links.map(({ from, to, match, action, when }) => {
      const both = tables[TABLES.indexOf(to)]?.composite;
      return `ALTER TABLE ${from} ADD FOREIGN KEY (r${both ? ', s' : ''}) REFERENCES ${to}${match}${action}${when}`;
    }),
    ...rules.map((one) => `ALTER TABLE ${one.table} ${one.how}`),
  ];
}

function rowSql(all: Rows): string[] {
  return all.map(
    ({ table: name, id, x, r, s, v }) =>
      `INSERT INTO ${name} (id, x, r, s, v) VALUES (${[id, x, r, s, v].map(String).join(', ').replaceAll('null', 'NULL')})`,
  );
}

for (const server of testServers())
  describe(`the plan of a restore on server ${server}`, () => {
    test('says that it would be refused exactly when it is, with the same code, and which rules it would keep', async () => {
      await using database = await testDatabase({ server });
      await fc.assert(
        fc.asyncProperty(
          shape,
          rows,
          fc.boolean(),
          edits,
          rows,
          chosen,
          fc.boolean(),
          async (made, first, trusting, changes, second, tables, keepBrokenRules) => {
            await make(database, made);
            await tryEach(database, ruleSql(made, made.before));
            // Without the triggers of foreign keys, rows come in that refer to nothing.
            await tryEach(database, [trusting ? OFF : ON, ...rowSql(first), ON]);
            const backup = await backupOf(database, model, { verify: false });
            await tryEach(database, [
              ...changes.map(({ sql, table: name, id }) => {
                const text = sql.replace('%', name);
                return text.startsWith('TRUNCATE') ? text : `${text} WHERE id = ${id}`;
              }),
              ...ruleSql(made, made.after),
              ...rowSql(second),
            ]);
            const now = await contentOf(database);
            const plan = await compareWith(database, backup, { tables, keepBrokenRules });
            expect(await contentOf(database)).toEqual(now);
            const done = await restoreInto(database, backup, { tables, keepBrokenRules }).catch((error: unknown) => {
              if (!(error instanceof AppError)) throw error;
              return error;
            });
            expect(plan.stops[0]?.code).toBe(done instanceof AppError ? done.code : undefined);
            if (done instanceof AppError) return;
            const kept = plan.rules.filter(({ outcome }) => outcome === 'kept');
            expect(done.warnings.filter((warning) => warning.includes('is NOT VALID now'))).toHaveLength(kept.length);
          },
        ),
        { numRuns: campaign(6, 60) },
      );
    });
  });
