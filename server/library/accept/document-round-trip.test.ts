import { expect, test } from 'bun:test';
import fc from 'fast-check';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { campaign } from '../../../db/testing/campaign.fixture.ts';
import { contentOf } from '../../../db/testing/content.fixture.ts';
import { testDatabase } from '../../../db/testing/database.ts';
import { NASTY_TEXTS } from '../../../db/testing/fixtures/nasty-texts.ts';
import { accepted, exported, HRMS } from '../../testing/json.fixture.ts';
import { backupOf, restoreInto } from '../../testing/verbs.fixture.ts';

test('an archive, its document, the archive made of that, and what is restored from it hold the same rows', async () => {
  await using database = await testDatabase({ template: 'hrms' });
  await fillDemo(database.url, { staff: 150, seed: 7 });
  const before = await contentOf(database);
  const made = await backupOf(database, HRMS, { jobs: 1 });
  const text = await exported(made.bytes);
  const document = JSON.parse(text);
  expect(document.metadata).toEqual(made.manifest.metadata);
  expect(Object.keys(document.data).sort()).toEqual(HRMS.tables.map((table) => table.key).sort());
  const again = await accepted(database, text);
  expect(again.missing).toEqual([]);
  expect(again.manifest).toMatchObject({ kind: 'uploaded', metadata: made.manifest.metadata });
  expect(JSON.parse(await exported(again.bytes)).data).toEqual(document.data);
  await database.query('DELETE FROM loan_repayments; UPDATE staff SET "fullName" = id; DELETE FROM shareable_links');
  await restoreInto(database, again);
  expect(await contentOf(database)).toEqual(before);
});

// PostgreSQL cannot keep NUL and lone surrogates.
const words = fc
  .oneof(
    fc.constantFrom(...NASTY_TEXTS.filter((text) => text.length < 5000)),
    fc.string({ unit: 'binary', maxLength: 12 }),
  )
  .map((text) => text.replaceAll(/[\0\p{Cs}]/gu, ''));
const moments = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((at) => at.toISOString()),
  fc.constantFrom('infinity', '-infinity', '0044-03-15 12:00:00 BC', '12345-06-07 08:09:10.111'),
);
const amount = (whole: number) =>
  fc
    .tuple(
      fc.bigInt({ min: -(10n ** BigInt(whole)) + 1n, max: 10n ** BigInt(whole) - 1n }),
      fc.integer({ min: 0, max: 99 }),
    )
    .map(([units, cents]) => `${units}.${String(cents).padStart(2, '0')}`);
const json = fc.jsonValue({ stringUnit: words }).map((value) => JSON.stringify(value));

/** Returns any value the column can hold, as a parameter. Keys and foreign keys are generated so that they hold. */
function valueFor(sqlType: string): fc.Arbitrary<unknown> {
  if (sqlType === 'text[]') return fc.array(fc.option(words), { maxLength: 4 });
  if (sqlType === 'jsonb') return json;
  if (sqlType === 'boolean') return fc.boolean();
  if (sqlType === 'integer') return fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
  if (sqlType.startsWith('numeric')) return fc.oneof(amount(sqlType.includes('12') ? 10 : 8), fc.constant('NaN'));
  if (sqlType.startsWith('timestamp')) return moments;
  const labels = HRMS.enums.find(
    (one) => sqlType.includes(`"${one.name}"`) || sqlType.endsWith(`.${one.name}`),
  )?.labels;
  return labels ? fc.constantFrom(...labels) : words;
}

test('whatever the rows of the HRMS are: JSON, archive, restore and JSON again give equal documents', async () => {
  const tables = HRMS.tables.filter((table) =>
    ['loans', 'audit_trails', 'staff', 'payroll_schedules'].includes(table.name),
  );
  const rows = fc.tuple(
    ...tables.map((table) =>
      fc.array(
        fc.tuple(
          ...table.columns.map((column) =>
            column.notNull ? valueFor(column.sqlType) : fc.option(valueFor(column.sqlType)),
          ),
        ),
        { minLength: 1, maxLength: 12, size: 'max' },
      ),
    ),
  );
  await using scratch = await testDatabase({ template: 'hrms' });
  // Any text is a key here, so the foreign keys and unique indexes of the template would interfere.
  await scratch.query(
    (
      await scratch.query<{ sql: string }>(
        `SELECT string_agg('ALTER TABLE ' || conrelid::regclass || ' DROP CONSTRAINT ' || quote_ident(conname), '; ' ORDER BY contype) AS sql FROM pg_constraint WHERE contype IN ('f', 'p') AND connamespace = 'public'::regnamespace`,
      )
    )[0]?.sql ?? '',
  );
  await scratch.query('DROP INDEX "staff_employeeId_key", "payroll_schedules_month_year_key"');
  const property = fc.asyncProperty(rows, async (all) => {
    await scratch.query(`TRUNCATE ${tables.map(quoteName).join(', ')}`);
    for (const [index, table] of tables.entries())
      for (const values of all[index] ?? []) {
        const mappings = table.columns.map((column, index) => `$${index + 1}::${column.sqlType}`).join(', ');
        const names = table.columns.map((column) => quoteIdent(column.name)).join(', ');
        await scratch.query(`INSERT INTO ${quoteName(table)} (${names}) VALUES (${mappings})`, values);
      }
    const before = await contentOf(scratch);
    const text = await exported((await backupOf(scratch, HRMS, { jobs: 1 })).bytes);
    const again = await accepted(scratch, text);
    await scratch.query(`TRUNCATE ${tables.map(quoteName).join(', ')}`);
    await restoreInto(scratch, again, { jobs: 1 });
    expect(await contentOf(scratch)).toEqual(before);
    const last = await exported((await backupOf(scratch, HRMS, { jobs: 1 })).bytes);
    expect(JSON.parse(last).data).toEqual(JSON.parse(text).data);
    // Digits beyond a double's would be lost on both sides of that comparison.
    expect(last.slice(last.indexOf('\n'))).toBe(text.slice(text.indexOf('\n')));
  });
  await fc.assert(property, { numRuns: campaign(2, 25), endOnFailure: true });
});
