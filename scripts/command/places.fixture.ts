import { join } from 'node:path';
import { fillDemo } from '../../db/hrms/demo/demo.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import { libraryScene, type Scene, type SceneOptions } from '../../server/testing/scene.fixture.ts';
import { type Workplace, workplace } from './command.fixture.ts';

/** Settings that make the commands back up the library instead of the HRMS. */
export const LIBRARY_SCHEMA = { BACKUP_SCHEMA: join(import.meta.dir, '../../server/testing/library.fixture.ts') };

/** Creates the library's scene, and a folder for commands on it that holds its archive as `library.zip`. */
export async function libraryPlace(
  options: SceneOptions = {},
): Promise<AsyncDisposable & { scene: Scene; place: Workplace }> {
  const scene = await libraryScene(options);
  const place = await workplace(scene.database.url);
  await Bun.write(join(place.dir, 'library.zip'), scene.archive.bytes);
  return { scene, place, [Symbol.asyncDispose]: () => disposeInTurn(place, scene) };
}

/** Creates an HRMS with demo data, and a folder for commands on it. `rows` is the number in each table. */
export async function hrmsPlace(demo: {
  staff: number;
  seed: number;
}): Promise<AsyncDisposable & { database: TestDatabase; place: Workplace; rows: Record<string, number> }> {
  const database = await testDatabase({ template: 'hrms' });
  const rows = await fillDemo(database.url, demo);
  const place = await workplace(database.url);
  return { database, place, rows, [Symbol.asyncDispose]: () => disposeInTurn(place, database) };
}

/** Creates an empty database, and a folder for commands on it. */
export async function emptyPlace(): Promise<AsyncDisposable & { database: TestDatabase; place: Workplace }> {
  const database = await testDatabase({ template: 'empty' });
  const place = await workplace(database.url);
  return { database, place, [Symbol.asyncDispose]: () => disposeInTurn(place, database) };
}

async function disposeInTurn(...things: AsyncDisposable[]): Promise<void> {
  for (const thing of things) await thing[Symbol.asyncDispose]();
}
