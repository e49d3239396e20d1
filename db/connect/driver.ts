import type { Socket } from 'node:net';
import { Duplex } from 'node:stream';
import postgres, { type Sql } from 'postgres';
import { passwordFromFile } from './address/password-file.ts';
import { type Endpoint, readTarget } from './address/target.ts';
import { DatabaseClient } from './client.ts';
import { dial } from './dial.ts';
import { watchLiveness } from './liveness.ts';
import { signInSettings } from './session-settings.ts';
import { tlsSettings } from './tls.ts';

const CONNECT_MS = 10_000;
/** For each of several servers, so that one that is silent does not keep people from the next. */
const CONNECT_IN_LIST_MS = 1500;

/**
 * Returns Drizzle's driver, which opens nothing yet: connections are made when they are needed. Each one goes where a `DatabaseClient` has just
 * signed in, so that servers, TLS and demands on the sign-in mean here what they mean everywhere. A server that is away is told within about
 * two seconds, and at once from then on. Throws CONFIG_INVALID.
 */
export function openDriver(url: string, options: { connections: number; applicationName: string }): Sql {
  const target = readTarget(url);
  let reached: Endpoint | undefined;
  const liveness = watchLiveness(url);
  const timeoutMs = target.connectTimeoutMs ?? (target.endpoints.length > 1 ? CONNECT_IN_LIST_MS : CONNECT_MS);
  const open = async (signal: AbortSignal): Promise<Socket> => {
    const scout = new DatabaseClient({
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: timeoutMs,
      signal,
    });
    await scout.connect();
    const { endpoint, protection } = scout.reached();
    await scout.end();
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
    return opened;
  };
  const socket = async (): Promise<Duplex> => {
    const givenUp = new AbortController();
    try {
      liveness.demand();
      return await liveness.reaching(open(givenUp.signal));
    } catch (error) {
      givenUp.abort();
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
    // Who asks is told at once; whoever asks next tries again.
    backoff: () => 0,
    // Never used, but the driver would read PGHOST, and try as often as that names servers.
    host: 'localhost',
    onnotice: () => undefined,
    connection: {
      ...signInSettings(),
      application_name: options.applicationName,
      ...(target.options && { options: target.options }),
    },
    // The driver takes a function, its types do not tell. The socket speaks TLS already.
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

/** After so long the driver does not write any more. */
const UNWRITTEN_MS = 100;

/**
 * A connection that fails with the driver's first word to it. Were none given to the driver, it would keep that place for ever; were it to
 * fail before, the driver would keep the word, and say it to the next server.
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
