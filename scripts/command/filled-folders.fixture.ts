import { join } from 'node:path';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { type TestLibrary, type TestLibraryOptions, testLibrary } from '../../server/testing/test-library.fixture.ts';
import { type CommandFolder, commandFolder } from './command-folder.fixture.ts';

/** Settings that make the commands back up the library instead of the HRMS. */
export const LIBRARY_SCHEMA = { BACKUP_SCHEMA: join(import.meta.dir, '../../server/testing/library.fixture.ts') };

/** Creates the test library, and a folder for commands on it that holds its archive as `library.zip`. */
export async function libraryFolder(
  options: TestLibraryOptions = {},
): Promise<AsyncDisposable & { library: TestLibrary; folder: CommandFolder }> {
  const library = await testLibrary(options);
  const folder = await commandFolder(library.database.url);
  await Bun.write(join(folder.dir, 'library.zip'), library.archive.bytes);
  return { library, folder, [Symbol.asyncDispose]: () => disposeInOrder(folder, library) };
}

/** Creates an HRMS with demo data, and a folder for commands on it. `rows` is the number in each table. */
export async function hrmsFolder(demo: {
  staff: number;
  seed: number;
}): Promise<AsyncDisposable & { database: TestDatabase; folder: CommandFolder; rows: Record<string, number> }> {
  const database = await testDatabase({ template: 'hrms' });
  const rows = await fillDemo(database.url, demo);
  const folder = await commandFolder(database.url);
  return { database, folder, rows, [Symbol.asyncDispose]: () => disposeInOrder(folder, database) };
}

/** Creates an empty database, and a folder for commands on it. */
export async function emptyFolder(): Promise<AsyncDisposable & { database: TestDatabase; folder: CommandFolder }> {
  const database = await testDatabase({ template: 'empty' });
  const folder = await commandFolder(database.url);
  return { database, folder, [Symbol.asyncDispose]: () => disposeInOrder(folder, database) };
}

async function disposeInOrder(...things: AsyncDisposable[]): Promise<void> {
  for (const thing of things) await thing[Symbol.asyncDispose]();
}
