import pg from 'pg';
import { signedInSettings, signInOptions } from '../session-settings.ts';
import { DatabaseClient } from './client.ts';

/** Connections for short statements, made when they are needed; each has the settings of `signInOptions`. */
export interface ConnectionPool {
  pool: pg.Pool;
  /** Waits for what is under way, five seconds at most; then cuts it. */
  close(): Promise<void>;
}

const IDLE_MS = 60_000;
const CLOSE_MS = 5_000;

/** Opens nothing yet. A connection that is lost while nobody uses it is made anew at the next statement. */
export function openPool(url: string, options: { connections: number; applicationName: string }): ConnectionPool {
  const clients = new Set<DatabaseClient>();
  class PooledClient extends DatabaseClient {
    constructor() {
      super({
        connectionString: url,
        application_name: options.applicationName,
        options: signInOptions(),
        afterwards: signedInSettings(),
        connectionTimeoutMillis: 10_000,
      });
      clients.add(this);
      this.once('end', () => clients.delete(this));
    }
  }
  const pool = new pg.Pool({ Client: PooledClient, max: options.connections, idleTimeoutMillis: IDLE_MS });
  pool.on('error', () => undefined);
  let closing: Promise<void> | null = null;
  return {
    pool,
    close() {
      closing ??= (async () => {
        const ended = pool.end();
        const patience = Promise.withResolvers<void>();
        const timer = setTimeout(patience.resolve, CLOSE_MS);
        await Promise.race([ended, patience.promise]);
        clearTimeout(timer);
        for (const client of clients) client.connection.stream.destroy();
      })();
      return closing;
    },
  };
}
