import { AppError } from './core/errors.ts';
import { type Config, readConfig } from './process/config.ts';
import { listen, readTls } from './process/listen.ts';
import { runRoot } from './process/run-root.ts';
import { composeDatabase } from './process/schema.ts';
import { endAll } from './process/shutdown.ts';
import { composeServer } from './process/start-server.ts';

export interface RunningServer {
  url: string;
  /** True when PORT was busy and the next free one was taken. */
  moved: boolean;
  /**
   * Accepts no new request, ends event streams, gives requests and operations under way thirty seconds, then cuts and
   * cancels them, and closes everything. Safe to call twice.
   */
  stop(): Promise<void>;
}

const GRACE_MS = 30_000;

/** Builds the server, listens, and logs that. Throws CONFIG_INVALID, leaving nothing open. */
export async function startServer(config: Config, databaseUrl: string): Promise<RunningServer> {
  const tls = config.tls === null ? null : await readTls(config.tls);
  const server = await composeServer(config, databaseUrl);
  const { app, log } = server;
  try {
    const listening = listen({ host: config.host, port: config.port, tls, fetch: app.fetch });
    const secure = tls !== null || config.trustedProxies.length > 0;
    log.info({ host: config.host, port: listening.port, role: config.role, tls: tls !== null }, 'listening');
    if (config.nodeEnv === 'production' && !secure) {
      log.warn({}, 'neither TLS_CERT nor TRUSTED_PROXIES is set: only this machine will be answered');
    }
    const stop = async () => {
      log.info({}, 'stopping');
      server.beginClosing();
      // Both at once: neither may use up the other's time.
      const both = Promise.allSettled([server.finishWork(GRACE_MS), listening.stop(GRACE_MS)]);
      const outcome = (index: 0 | 1) => async () => {
        const ended = (await both)[index];
        if (ended.status === 'rejected') throw ended.reason;
      };
      await endAll(
        [
          { name: 'operations', end: outcome(0) },
          { name: 'requests', end: outcome(1) },
          { name: 'server', end: () => server.close() },
        ],
        log,
      );
    };
    let stopped: Promise<void> | null = null;
    return { url: listening.url, moved: listening.moved, stop: () => (stopped ??= stop()) };
  } catch (error) {
    // The first failure counts; later ones that follow from it are in the log.
    await server.close().catch(() => undefined);
    throw error;
  }
}

/**
 * Resolves at the first SIGINT, SIGTERM or SIGHUP. A signal more than a second later ends the process at once; earlier
 * ones are the same Ctrl-C, passed on by npm or a shell as well.
 */
export function untilShutdownSignal(): Promise<void> {
  return new Promise((resolve) => {
    let signalled = false;
    let force = false;
    const onSignal = () => {
      if (force) process.exit(1);
      if (signalled) return;
      signalled = true;
      setTimeout(() => {
        force = true;
      }, 1000).unref();
      resolve();
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
  });
}

async function main(): Promise<void> {
  const config = await composeDatabase(readConfig(process.env));
  if (config.databaseUrl === null) {
    throw new AppError('CONFIG_INVALID', 'DATABASE_URL is not set.', {
      hint: 'Set it in the environment or in the file .env, or run `bun start`, which brings a PostgreSQL of its own.',
    });
  }
  // Registered first, so that a signal during the start is acted on after it.
  const shutdownSignal = untilShutdownSignal();
  const server = await startServer(config, config.databaseUrl);
  console.log(`Palace Backup answers at ${server.url}`);
  await shutdownSignal;
  await server.stop();
}

if (import.meta.main)
  await runRoot(
    {
      line: 'bun server/main.ts',
      does: 'Starts the server for the database of DATABASE_URL, which `bun run scripts/migrate.ts` has prepared.',
    },
    main,
    { argv: process.argv.slice(2), env: process.env },
  );
