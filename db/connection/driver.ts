import type { Socket } from 'node:net';
import postgres, { type Sql } from 'postgres';
import { signInSettings } from '../session-settings.ts';
import { DatabaseClient } from './client.ts';
import { dial } from './dial.ts';
import { passwordFromFile } from './password-file.ts';
import { type Endpoint, readTarget } from './target.ts';
import { tlsSettings } from './tls.ts';

const CONNECT_MS = 10_000;

/**
 * Returns Drizzle's driver, which opens nothing yet: connections are made when they are needed. Each one goes where a `DatabaseClient` has just
 * signed in, so that servers, TLS and demands on the sign-in mean here what they mean everywhere. Throws CONFIG_INVALID.
 */
export function openDriver(url: string, options: { connections: number; applicationName: string }): Sql {
  const target = readTarget(url);
  let reached: Endpoint | undefined;
  const socket = async (): Promise<Socket> => {
    const scout = new DatabaseClient({
      connectionString: url,
      application_name: options.applicationName,
      connectionTimeoutMillis: CONNECT_MS,
    });
    await scout.connect();
    const { endpoint, protection } = scout.reached();
    await scout.end();
    reached = endpoint;
    const { direct, sendName } = target.tls;
    return dial(endpoint, {
      protection,
      tls: protection === 'plain' ? null : await tlsSettings(target.tls),
      direct,
      sendName,
      timeoutMs: target.connectTimeoutMs ?? CONNECT_MS,
      signal: new AbortController().signal,
      ...target.keepAlive,
    });
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
    connect_timeout: (target.connectTimeoutMs ?? CONNECT_MS) / 1000,
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
  return postgres(settings);
}
