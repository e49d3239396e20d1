import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { startEmbedded } from '../../../db/embedded/embedded.ts';
import { fillDemo } from '../../../db/hrms/demo/demo.ts';
import { demoSignIn } from '../../../db/hrms/demo/sign-in.ts';
import { HRMS } from '../../../db/hrms/tables.ts';
import { migrate } from '../../../db/system/migrate.ts';
import { AppError } from '../../../server/core/errors.ts';
import { startServer } from '../../../server/main.ts';
import { readConfig } from '../../../server/process/config.ts';
import { ensurePanel } from '../../start/build-panel.ts';

const STAFF = 120;
const SEED = 1;

/** The real server with the built panel, on a PostgreSQL and a folder of its own that hold invented people and no backup yet. */
export interface DemoServer extends AsyncDisposable {
  url: string;
  databaseUrl: string;
  /** Folder of the archives. */
  folder: string;
  /** Credentials of the demo data's super administrator. */
  who: { email: string; password: string };
  /** Opens a session of the database, for what another client would do to it. */
  session(): Promise<Session>;
}

/**
 * Starts the server, and builds the panel unless it is built from these sources. Disposing it leaves nothing behind. Rejects with the
 * signal's reason.
 */
export async function startDemoServer(signal: AbortSignal): Promise<DemoServer> {
  await ensurePanel();
  signal.throwIfAborted();
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'palace-demo-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const embedded = stack.use(await startEmbedded(join(folder, 'postgres'), { settings: { fsync: 'off' } }));
  await migrate(embedded.url, { application: HRMS });
  await fillDemo(embedded.url, { staff: STAFF, seed: SEED });
  const who = await demoSignIn(embedded.url);
  if (!who) throw new AppError('UNEXPECTED', 'The demo data has no super administrator to sign in as.');
  const config = readConfig({
    PORT: '0',
    BACKUP_DIR: join(folder, 'backups'),
    SECRET_KEY: crypto.randomUUID().repeat(2),
    LOG_FILE: join(folder, 'server.log'),
  });
  const server = await startServer(config, embedded.url);
  stack.defer(() => server.stop());
  signal.throwIfAborted();
  const owned = stack.move();
  return {
    url: server.url,
    databaseUrl: embedded.url,
    folder: config.backupDir,
    who,
    session: () => openSession(embedded.url, { applicationName: 'another client', signal }),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}
