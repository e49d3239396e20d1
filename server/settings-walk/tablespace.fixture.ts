import { quoteIdent } from '../../db/model/quote.ts';
import { type TestDatabase, testDatabase } from '../../db/testing/database.ts';
import type { TestServer } from '../../db/testing/servers.ts';
import { TABLESPACE } from './left-out.fixture.ts';

/** Makes it inside the server's own folder, because the server's user need not be able to write to another one. */
export async function makeTablespace(database: TestDatabase, owner: string): Promise<void> {
  await database.admin('SET allow_in_place_tablespaces = on');
  const [there] = await database.admin('SELECT 1 FROM pg_tablespace WHERE spcname = $1', [TABLESPACE]);
  if (!there) await database.admin(`CREATE TABLESPACE ${quoteIdent(TABLESPACE)} LOCATION ''`);
  await database.admin(`GRANT CREATE ON TABLESPACE ${quoteIdent(TABLESPACE)} TO ${quoteIdent(owner)}`);
}

/** Drops it when no database uses it any more. */
export async function dropTablespace(server: TestServer): Promise<void> {
  await using database = await testDatabase({ server });
  await database.admin(`DROP TABLESPACE IF EXISTS ${quoteIdent(TABLESPACE)}`);
}
