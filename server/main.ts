import { modelFromSchema } from '../db/drizzle-model.ts';
import { loadSchemaModule } from '../db/load-schema.ts';
import * as hrmsSchema from '../db/schema/hrms.ts';
import { createApp } from './app.ts';
import { APPLICATION } from './application.ts';
import { type Config, readConfig } from './config.ts';
import { AppError } from './errors.ts';
import { listen } from './listen.ts';
import { askDatabase, readOverview } from './overview.ts';
import { createLocalStorage } from './storage/local.ts';

export interface RunningServer {
  url: string;
  /** Whether PORT was busy and the next free one was taken. */
  moved: boolean;
  /** Answers no new request, lets those under way finish within ten seconds. Safe to call twice. */
  stop(): Promise<void>;
}

const GRACE_MS = 10_000;

/** The composition root: chooses storage and schema, builds the app and listens. Throws CONFIG_INVALID. */
export async function startServer(config: Config, databaseUrl: string): Promise<RunningServer> {
  const schema = config.backupSchema === null ? hrmsSchema : await loadSchemaModule(config.backupSchema, process.cwd());
  const { tables } = modelFromSchema(schema);
  const storage = createLocalStorage(config.backupDir);
  let stopped: Promise<void> | null = null;
  const app = createApp({
    version: APPLICATION.version,
    askDatabase: (signal) => askDatabase(databaseUrl, signal),
    readOverview: (signal) => readOverview({ databaseUrl, tables, storage }, signal),
    stopping: () => stopped !== null,
    now: () => new Date(),
    log: (line) => console.error(line),
  });
  const listening = listen({ host: config.host, port: config.port, fetch: (request) => app.fetch(request) });
  return {
    url: listening.url,
    moved: listening.moved,
    stop: () => (stopped ??= listening.stop(GRACE_MS)),
  };
}

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. One that comes more than a second later ends the process at once;
 * earlier ones are the same Ctrl-C, passed on by npm or a shell as well.
 */
export function untilToldToStop(): Promise<void> {
  return new Promise((resolve) => {
    let told = false;
    let impatient = false;
    const onSignal = () => {
      if (impatient) process.exit(1);
      if (told) return;
      told = true;
      setTimeout(() => {
        impatient = true;
      }, 1000).unref();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

/** Runs a root to its exit code: 0, or 1 with the error's words, hint and code on stderr. */
export async function runRoot(root: () => Promise<void>): Promise<never> {
  try {
    await root();
    process.exit(0);
  } catch (error) {
    const known = error instanceof AppError ? error : null;
    console.error(known ? `error: ${known.message} [${known.code}]${known.hint ? `\n  ${known.hint}` : ''}` : error);
    process.exit(1);
  }
}

async function main(): Promise<void> {
  const config = readConfig(process.env);
  if (config.databaseUrl === null) {
    throw new AppError('CONFIG_INVALID', 'DATABASE_URL is not set.', {
      hint: 'Set it in the environment or in the file .env, or run `bun start`, which brings a PostgreSQL of its own.',
    });
  }
  const server = await startServer(config, config.databaseUrl);
  console.log(`Palace Backup answers at ${server.url}`);
  await untilToldToStop();
  await server.stop();
}

if (import.meta.main) await runRoot(main);
