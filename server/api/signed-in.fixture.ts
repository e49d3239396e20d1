import type { BackupClient } from '../client/client.ts';
import { clientWith, type TestServer, testServer } from './server.fixture.ts';

/** A running server with 500 categories, and a SUPER_ADMIN who is signed in and has just given the password. */
export interface SignedIn extends AsyncDisposable {
  server: TestServer;
  admin: { id: string; email: string };
  /** The `Cookie` header of the session. */
  cookie: string;
  client: BackupClient;
  /** Makes a backup, and waits for its end. */
  backUp(input?: BackupRequest): ReturnType<BackupClient['wait']>;
}

type BackupRequest = Parameters<BackupClient['backups']['create']['mutate']>[0];

export async function signedInServer(): Promise<SignedIn> {
  const server = await testServer();
  const admin = await server.admin('SUPER_ADMIN');
  const cookie = await server.session(admin.id, { steppedUp: true });
  const client = clientWith(server, { cookie });
  await server.database.query(
    `INSERT INTO categories (id, name, type, "isActive", "updatedAt") SELECT 'c' || n, 'name ' || n, 'POSITION', true, now() FROM generate_series(1, 500) n`,
  );
  return {
    server,
    admin,
    cookie,
    client,
    async backUp(input = {}) {
      const { operation } = (await client.backups.create.mutate(input)).data;
      return client.wait(operation.id);
    },
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
