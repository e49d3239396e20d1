import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import postgres, { type Sql } from 'postgres';
import { passwordFromFile } from './address/password-file.ts';
import { type Endpoint, readTarget } from './address/target.ts';
import { arrayTypes } from './array-types.ts';
import { DatabaseClient } from './client.ts';
import { dial } from './dial.ts';
import { watchLiveness } from './liveness.ts';
import { signInSettings } from './session-settings.ts';
import { tlsSettings } from './tls.ts';

const CONNECT_MS = 10_000;
/** Timeout per server when several are listed, so that a silent one does not hold people up. */
const CONNECT_IN_LIST_MS = 1500;

/**
 * Returns Drizzle's driver, which connects only when needed, and where a `DatabaseClient` has just signed in: servers, TLS and sign-in
 * demands mean the same everywhere. Reports an unreachable server within about two seconds, and at once from then on. Throws
 * CONFIG_INVALID.
 */
export function openDriver(url: string, options: { connections: number; applicationName: string }): Sql {
  const target = readTarget(url);
  let reached: Endpoint | undefined;
  const liveness = watchLiveness(url);
  const timeoutMs = target.connectTimeoutMs ?? (target.endpoints.length > 1 ? CONNECT_IN_LIST_MS : CONNECT_MS);
  const open = async (signal: AbortSignal): Promise<Socket> => {
    const probe = new DatabaseClient({
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: timeoutMs,
      signal,
    });
    await probe.connect();
    const { endpoint, protection } = probe.reached();
    await probe.end();
    reached = endpoint;
    const { direct, sendName } = target.tls;
    const opened = await dial(endpoint, {
      protection,
      tls: protection === 'plain' ? null : await tlsSettings(target.tls),
      direct,
      sendName,
      timeoutMs,
      signal,
      ...target.keepAlive,
    });
    liveness.watch(opened, endpoint);
    closeAtFailure(opened);
    return opened;
  };
  const socket = async (): Promise<Duplex> => {
    const abandoned = new AbortController();
    try {
      liveness.demand();
      return await liveness.failIfUnreachable(open(abandoned.signal));
    } catch (error) {
      abandoned.abort();
      return failedConnection(error);
    }
  };
  const password = async (): Promise<string> => {
    if (target.password !== null || !reached) return target.password ?? '';
    const wanted = { ...reached, database: target.database, user: target.user };
    return (await passwordFromFile(wanted, target.passFile)).password ?? '';
  };
  const settings = {
    user: target.user,
    database: target.database,
    password,
    max: options.connections,
    idle_timeout: 60,
    connect_timeout: timeoutMs / 1000,
    // No back-off: each caller learns of the failure at once, and the next caller tries again.
    backoff: () => 0,
    // Never used; without it the driver would read PGHOST, and try as often as that names servers.
    host: 'localhost',
    // It would ask for them with every new connection, and leave the rejection unhandled when the server goes away meanwhile.
    fetch_types: false,
    types: arrayTypes(),
    onnotice: () => undefined,
    connection: {
      ...signInSettings(),
      application_name: options.applicationName,
      ...(target.options && { options: target.options }),
    },
    // The driver accepts a function here, though its types do not say so. The socket speaks TLS already.
    ssl: false,
    socket,
  };
  const sql = postgres(settings);
  const end = sql.end.bind(sql);
  return Object.assign(sql, {
    async end(how?: { timeout?: number }) {
      await end(how);
      liveness.close();
    },
  });
}

/**
 * Closes the socket for the driver in the moment it fails. A statement given to the driver between failure and close would never be
 * answered. With a single connection, the next statement always is such a one.
 */
function closeAtFailure(socket: Socket): void {
  socket.once('error', () => {
    // Whoever waits for the failed statement is told later than this.
    queueMicrotask(() => {
      socket.emit('close', true);
      socket.on('error', () => undefined);
    });
  });
}

/** Milliseconds after which the driver no longer writes. */
const UNWRITTEN_MS = 100;

/**
 * Returns a connection that fails on the driver's first write. Given no connection at all, the driver would lose that slot for ever. Were
 * it to fail earlier, the driver would keep the message and send it to the next server.
 */
function failedConnection(error: unknown): Duplex {
  const reason = error instanceof Error ? error : new Error('no connection', { cause: error });
  const stream = new Duplex({
    read: () => undefined,
    write(_bytes, _encoding, done) {
      done();
      fail();
    },
  });
  const fail = () => {
    clearTimeout(late);
    stream.destroy(reason);
  };
  const late = setTimeout(fail, UNWRITTEN_MS);
  return stream;
}
