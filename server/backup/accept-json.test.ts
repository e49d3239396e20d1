import { afterAll, beforeAll, expect, test } from 'bun:test';
import { contentOf } from '../../db/content.fixture.ts';
import { fillDemo } from '../../db/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing.ts';
import { accepted, exported, HRMS } from '../json.fixture.ts';
import { backupOf, restoreInto } from '../verbs.fixture.ts';

let database: TestDatabase;
beforeAll(async () => {
  database = await testDatabase({ template: 'hrms' });
});
afterAll(() => database[Symbol.asyncDispose]());

test('an archive, its document, the archive made of that, and what is restored from it hold the same rows', async () => {
  await fillDemo(database.url, { staff: 150, seed: 7 });
  const before = await contentOf(database);
  const made = await backupOf(database, HRMS, { jobs: 1 });
  const text = await exported(made.bytes);
  const document = JSON.parse(text);
  expect(Object.keys(document.data).sort()).toEqual(HRMS.tables.map((table) => table.key).sort());
  const again = await accepted(database, text);
  expect(again.missing).toEqual([]);
  expect(again.manifest).toMatchObject({ kind: 'uploaded', metadata: made.manifest.metadata });
  expect(JSON.parse(await exported(again.bytes)).data).toEqual(document.data);
  await database.query('DELETE FROM loan_repayments; UPDATE staff SET "fullName" = id; DELETE FROM shareable_links');
  await restoreInto(database, again);
  expect(await contentOf(database)).toEqual(before);
});
