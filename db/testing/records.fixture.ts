import { openRecords, type Records } from '../system/records.ts';
import { type TestDatabase, type TestDatabaseOptions, testDatabase } from './database.ts';

/** A test database with a client of its records, which is closed before the database goes. */
export interface TestRecords extends TestDatabase {
  records: Records;
}

/** Creates a database of the HRMS, unless the options say otherwise, with a client of its records. */
export async function testRecords(options: TestDatabaseOptions = { template: 'hrms' }): Promise<TestRecords> {
  const database = await testDatabase(options);
  const { records, close } = openRecords(database.url);
  return {
    ...database,
    records,
    async [Symbol.asyncDispose]() {
      await close();
      await database[Symbol.asyncDispose]();
    },
  };
}
