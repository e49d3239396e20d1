import { resolve } from 'node:path';
import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { type Embedded, startEmbedded } from '../db/embedded/embedded.ts';
import { keepRunning } from '../db/embedded/keep-running.ts';
import { fillDemo } from '../db/hrms/demo/demo.ts';
import { demoSignIn } from '../db/hrms/demo/sign-in.ts';
import { HRMS } from '../db/hrms/tables.ts';
import { type MigrateReport, migrate } from '../db/system/migrate.ts';
import { AppError } from '../server/core/errors.ts';
import { startServer, untilShutdownSignal } from '../server/main.ts';
import { type Config, readConfig } from '../server/process/config.ts';
import { FIRST_COMMANDS } from '../server/process/front-page/first-commands.ts';
import { runRoot } from '../server/process/run-root.ts';
import { composeDatabase } from '../server/process/schema.ts';
import { DATA_DIR, EMBEDDED_DIR } from './command/compose.ts';
import { formatColumns } from './command/format.ts';
import { describeTriggers } from './migrate.ts';
import { ensurePanel } from './start/build-panel.ts';
import { lockFolder } from './start/folder-lock.ts';
import { untilLauncherEnds } from './start/launchers.ts';

/** People in the demo data of a fresh embedded database; about eleven rows for each. */
const DEMO_STAFF = 250;
const DEMO_SEED = 1;

/** Starts everything: a database when none is named, our tables, demo data in an empty one of our own, the server. */
async function start(): Promise<void> {
  const config = await composeDatabase(readConfig(process.env));
  await using lock = await lockFolder(resolve(DATA_DIR));
  // From here on a signal is deferred, so that a half-made database is never left.
  const shutdownSignal = untilShutdownSignal();
  const launcherEnded = untilLauncherEnds();
  await using embedded = config.databaseUrl === null ? await ownDatabase() : null;
  const databaseUrl = config.databaseUrl ?? embedded?.url ?? '';

  const report = await migrate(config.databaseDirectUrl ?? databaseUrl, {
    application: config.backupSchema === null ? HRMS : null,
  });
  sayWhatWasFound(report, databaseUrl);
  if (embedded) await fillWhenEmpty(embedded.url);

  await ensurePanel(() => console.log('Building the panel.'));
  const server = await startServer(config, databaseUrl);
  await lock.writeAddress(server.url);
  sayWhereItIs(server, config);
  await sayHowToSignIn(embedded);
  sayTheCommands(embedded !== null);
  const stopper = new AbortController();
  const watched = embedded ? [keepRunning(embedded, { ...watching, signal: stopper.signal })] : [];
  try {
    await Promise.race([shutdownSignal, launcherEnded, ...watched]);
  } finally {
    stopper.abort();
    console.log('Stopping.');
    await server.stop();
  }
}

const watching = {
  pause: (ms: number) => Bun.sleep(ms),
  onRevived: () => console.log('The embedded PostgreSQL had ended by itself, and was started again.'),
};

async function ownDatabase(): Promise<Embedded> {
  console.log(`DATABASE_URL is not set: starting the embedded PostgreSQL in ${EMBEDDED_DIR}.`);
  return startEmbedded(resolve(EMBEDDED_DIR));
}

function sayWhatWasFound(report: MigrateReport, databaseUrl: string): void {
  const { systemApplied, application: hrms } = report;
  console.log(
    `Database ${maskDatabaseUrl(databaseUrl)}${systemApplied > 0 ? ', schema backup_system brought up to date' : ''}.`,
  );
  if (hrms.found === 'created') console.log('It was empty: the HRMS tables were made.');
  if (hrms.found === 'partly there')
    console.log(`Of the HRMS tables these are missing, and were not made: ${hrms.missing.join(', ')}.`);
  if (hrms.found === 'other tables') {
    console.log("It holds another application's tables: set BACKUP_SCHEMA to that application's Drizzle schema.");
  }
  for (const line of describeTriggers(report)) console.log(line);
}

async function fillWhenEmpty(url: string): Promise<void> {
  try {
    const rows = await fillDemo(url, { staff: DEMO_STAFF, seed: DEMO_SEED });
    const total = Object.values(rows).reduce((sum, count) => sum + count, 0);
    console.log(`Filled with demo data: ${total.toLocaleString('en')} rows of invented people.`);
  } catch (error) {
    if (!(error instanceof AppError && error.code === 'ALREADY_EXISTS')) throw error;
  }
}

function sayWhereItIs(server: { url: string; moved: boolean }, config: Config): void {
  if (server.moved) console.log(`Port ${config.port} is busy; the next free one was taken.`);
  console.log(`\nPalace Backup answers at ${server.url}`);
}

/** Prints how to sign in to an embedded database: the password of invented people is no secret. Nothing is known of other databases. */
async function sayHowToSignIn(embedded: Embedded | null): Promise<void> {
  const demo = embedded && (await demoSignIn(embedded.url).catch(() => null));
  if (demo) console.log(`Sign in as ${demo.email} with the password ${demo.password}; README.md shows how.\n`);
  else console.log('Sign in as a SUPER_ADMIN of the HRMS, with e-mail address and password; README.md shows how.\n');
}

function sayTheCommands(embedded: boolean): void {
  console.log(`In another terminal, in this folder${embedded ? ', --demo means this database' : ''}:`);
  for (const line of firstCommandLines(embedded)) console.log(line);
  console.log('Without a bun of your own write `npx -y bun@1.4.5` for `bun`. Ctrl-C stops.');
}

/** Returns the commands to begin with, as they are typed here. */
export function firstCommandLines(embedded: boolean): string[] {
  return formatColumns(
    FIRST_COMMANDS.map(({ words, does, database }) => [
      `  bun run scripts/${words}${embedded && database ? ' --demo' : ''}`,
      does,
    ]),
    'll',
  );
}

if (import.meta.main)
  await runRoot(
    {
      line: 'bun start',
      does: 'Brings the database up to date and starts the server, with a demo database of its own when DATABASE_URL is not set.',
    },
    start,
    { argv: process.argv.slice(2), env: process.env },
  );
