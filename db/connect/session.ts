import type pg from 'pg';
import { cancelled } from '../../server/core/errors.ts';
import { DatabaseClient } from './client.ts';
import { databaseError, faultCode } from './database-error.ts';

/**
 * One connection of its own, never pooled: transactions, locks, snapshots and COPY all belong to a session. The driver is `pg`, because its
 * sockets can be handed to a COPY and taken back; see docs/connecting.md, "Drivers".
 */
export interface Session extends AsyncDisposable {
  /** Process id of the backend on the server. */
  readonly pid: number;
  /** True when the server gave this very process id at sign-in; a pooler in between makes up its own. */
  readonly direct: boolean;
  /** The driver's client, for COPY only. */
  readonly client: pg.Client;
  /** Aborts when the session ends; listen to it while waiting for something else on this session. */
  readonly signal: AbortSignal;
  /** Returns rows as objects. int8 and numeric arrive as text, the driver's default. */
  query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]>;
  /** Closes the connection in order; never rejects. */
  close(): Promise<void>;
  /** Destroys the connection at once; the server rolls back what was open. */
  destroy(): void;
}

export interface SessionOptions {
  /** Shown in pg_stat_activity, so that an operator sees who holds what. */
  applicationName: string;
  /** Destroys the connection when aborted; every pending query rejects with CANCELLED. */
  signal: AbortSignal;
  connectTimeoutMs?: number;
}

/**
 * Opens a session. Throws DATABASE_UNREACHABLE or DATABASE_AUTH_FAILED; queries throw what `databaseError` makes of their errors. A lost
 * connection never crashes the process: the next query rejects.
 */
export async function openSession(url: string, options: SessionOptions): Promise<Session> {
  const { signal } = options;
  if (signal.aborted) throw cancelled('The operation');
  const client = new DatabaseClient({
    connectionString: url,
    application_name: options.applicationName,
    ...(options.connectTimeoutMs !== undefined && { connectionTimeoutMillis: options.connectTimeoutMs }),
    signal,
  });
  const lost = new AbortController();
  client.on('error', (error) => lost.abort(error));
  const cut = () => {
    lost.abort(cancelled('The operation'));
    client.connection.stream.destroy();
  };
  signal.addEventListener('abort', cut, { once: true });
  const failure = (error: unknown, doing: string) =>
    signal.aborted ? cancelled('The operation') : databaseError(error, doing);
  try {
    await client.connect();
  } catch (error) {
    signal.removeEventListener('abort', cut);
    client.connection.stream.destroy();
    throw failure(error, 'connecting');
  }
  let closed = false;
  const session: Session = {
    pid: 0,
    direct: false,
    client,
    signal: lost.signal,
    async query<Row extends object>(text: string, values?: unknown[]): Promise<Row[]> {
      if (signal.aborted) throw cancelled('The operation');
      try {
        const result = await client.query<Row>(values ? { text, values } : text);
        // A text of several statements gives a list of results; the last one is what the caller asked for.
        const last = Array.isArray(result) ? (result as pg.QueryResult<Row>[]).at(-1) : result;
        return last?.rows ?? [];
      } catch (error) {
        throw failure(error, `running ${text.trimStart().slice(0, 40).split(/\s+/).slice(0, 3).join(' ')}`);
      }
    },
    async close() {
      if (closed) return;
      closed = true;
      signal.removeEventListener('abort', cut);
      const ended = client.end().catch(() => undefined);
      const timeout = AbortSignal.timeout(3000);
      await Promise.race([ended, new Promise((resolve) => timeout.addEventListener('abort', resolve))]);
      client.connection.stream.destroy();
    },
    destroy() {
      lost.abort(cancelled('The operation'));
      client.connection.stream.destroy();
    },
    [Symbol.asyncDispose]: () => session.close(),
  };
  const [row] = await askFirst<{ pid: number }>(session, 'SELECT pg_catalog.pg_backend_pid() AS pid');
  const pid = row?.pid ?? 0;
  // The driver keeps the number, though its types do not say so.
  return Object.assign(session, { pid, direct: Reflect.get(client, 'processID') === pid });
}

/** Number of attempts at a first query: the role's `statement_timeout` may be too short even for that on a busy server. */
const FIRST_TRIES = 20;

/** Runs a query on a session whose own timeouts are not yet switched off. */
export async function askFirst<Row extends object>(session: Session, text: string): Promise<Row[]> {
  for (let tries = 1; ; tries++) {
    try {
      return await session.query<Row>(text);
    } catch (error) {
      if (tries === FIRST_TRIES || !(error instanceof Error) || faultCode(error.cause) !== '57014') throw error;
    }
  }
}
