import { expect, test } from 'bun:test';
import { integer, pgTable } from 'drizzle-orm/pg-core';
import { modelFromSchema } from '../../db/model/drizzle-model.ts';
import { testDatabase } from '../../db/testing/database.ts';
import { testServers } from '../../db/testing/servers.ts';
import { checkEnvironment } from '../backup/checks/check.ts';
import { createMemoryStorage } from '../storage/memory.ts';
import { backupOf, restoreInto } from '../testing/verbs.fixture.ts';

const columns = { id: integer('id').primaryKey() };
const MODEL = modelFromSchema({
  t: pgTable('t', columns),
  parted: pgTable('parted', columns),
  parent: pgTable('parent', { id: integer('id') }),
  heir: pgTable('heir', columns),
  other: pgTable('other', columns),
});

/** Materialised views, each with the query that reads a table; created in this order, so that names do not decide. */
const STALE: Record<string, string> = {
  z_direct: 'SELECT id FROM t',
  y_by_view: 'SELECT id FROM v2',
  a_by_another: 'SELECT id FROM y_by_view WHERE id > 0',
  'B by "both"': 'SELECT a.id FROM a_by_another a JOIN z_direct z USING (id)',
  m_by_function: 'SELECT id FROM ids()',
  k_by_partition: 'SELECT id FROM parted_1',
  j_by_parent: 'SELECT id FROM parent',
  c_by_empty: 'SELECT id FROM d_empty UNION SELECT id FROM t',
};

for (const server of testServers())
  test(`promise 6: materialised views that a restore leaves stale are named, and made anew by what is said, on server ${server}`, async () => {
    await using database = await testDatabase({ server });
    await database.query(`
      CREATE TABLE t (id int PRIMARY KEY); CREATE TABLE other (id int PRIMARY KEY);
      CREATE TABLE parted (id int PRIMARY KEY) PARTITION BY RANGE (id); CREATE TABLE parted_1 PARTITION OF parted DEFAULT;
      CREATE TABLE parent (id int); CREATE TABLE heir (PRIMARY KEY (id)) INHERITS (parent);
      CREATE VIEW v1 AS SELECT id FROM t; CREATE VIEW v2 AS SELECT id FROM v1;
      CREATE FUNCTION ids() RETURNS TABLE (id int) LANGUAGE sql BEGIN ATOMIC SELECT v1.id FROM v1; END;
      CREATE MATERIALIZED VIEW x_untouched AS SELECT id FROM other;
      CREATE MATERIALIZED VIEW d_empty AS SELECT id FROM other;
      CREATE MATERIALIZED VIEW w_never_filled AS SELECT id FROM t WITH NO DATA;
      ${Object.entries(STALE)
        .map(([name, sql]) => `CREATE MATERIALIZED VIEW "${name.replaceAll('"', '""')}" AS ${sql};`)
        .join('\n')}
      REFRESH MATERIALIZED VIEW d_empty WITH NO DATA`);
    const contents = async () =>
      Object.fromEntries(
        await Promise.all(
          Object.keys(STALE).map(async (name) => [
            name,
            await database.query(`SELECT id FROM "${name.replaceAll('"', '""')}" ORDER BY id`),
          ]),
        ),
      );
    const empty = await contents();
    const fill = (table: string) => `INSERT INTO ${table} SELECT generate_series(1, 3);`;
    await database.query(['t', 'parted', 'heir', 'other'].map(fill).join(' '));
    const backup = await backupOf(database, MODEL);
    const report = await checkEnvironment(
      { databaseUrl: database.url, storage: createMemoryStorage(() => new Date()), model: MODEL },
      new AbortController().signal,
    );
    const staleOf = ({ warnings }: { warnings: string[] }) =>
      warnings.find((warning) => warning.startsWith('The materialised views ')) ?? '';
    const whole = staleOf(await restoreInto(database, backup));
    expect(whole).toContain('x_untouched');
    expect(report.findings).toContainEqual({ check: 'restore', ok: true, message: `note: after a restore: ${whole}` });
    const stale = staleOf(await restoreInto(database, backup, { tables: ['t', 'parted', 'heir'] }));
    expect(await contents()).toEqual(empty);
    const said = stale.match(/REFRESH MATERIALIZED VIEW [^;]+;/g) ?? [];
    for (const statement of said) await database.query(statement);
    for (const rows of Object.values(await contents())) expect(rows).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }]);
    const names = said.map((statement) => /\."(.*)";/.exec(statement)?.[1]?.replaceAll('""', '"') ?? '');
    expect(names.toSorted()).toEqual(['d_empty', ...Object.keys(STALE)].sort());

    // One table is read by one view alone; for another there is no warning.
    const only = await restoreInto(database, backup, { tables: ['parted'] });
    expect(only.warnings).toEqual([
      `The materialised view public.k_by_partition may show what restored tables held before until it is made anew: REFRESH MATERIALIZED VIEW "public"."k_by_partition";`,
    ]);
    await database.admin('ALTER MATERIALIZED VIEW k_by_partition OWNER TO CURRENT_USER');
    const foreign = await restoreInto(database, backup, { tables: ['parted'] });
    expect(foreign.warnings.join()).toContain('those of others as their owners (');
  });
