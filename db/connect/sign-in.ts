import type pg from 'pg';
import { AppError } from '../../server/core/errors.ts';
import { type FilePassword, passwordFromFile } from './address/password-file.ts';
import type { Endpoint, Target } from './address/target.ts';

/** Proof of who the client is, and its demands on the server during sign-in. */
export interface SignIn {
  /** Called by the driver for the password. Rejects when there is none, or when it may not be sent. */
  password: () => Promise<string>;
  /** Throws when the server let the client in without meeting the demands. */
  check(): void;
}

type Method = 'none' | 'password' | 'md5' | 'scram-sha-256';

/** Watches a client's sign-in, so that no password is sent by an excluded method. */
export function signIn(client: pg.Client, endpoint: Endpoint, target: Target, encrypted: boolean): SignIn {
  let method: Method = 'none';
  let bound = false;
  const { connection } = client;
  connection.prependListener('authenticationCleartextPassword', () => (method = 'password'));
  connection.prependListener('authenticationMD5Password', () => (method = 'md5'));
  connection.prependListener('authenticationSASL', ({ mechanisms }: { mechanisms: string[] }) => {
    method = 'scram-sha-256';
    bound = encrypted && mechanisms.includes('SCRAM-SHA-256-PLUS');
  });
  const check = () => {
    if (target.channelBinding === 'require' && !bound)
      throw unmetRequirement(
        endpoint,
        encrypted
          ? 'it offers no sign-in that is bound to its certificate (SCRAM-SHA-256-PLUS)'
          : 'the connection is not encrypted',
        'channel_binding=require',
        encrypted ? "Correct the server's pg_hba.conf" : 'Connect by TCP with sslmode=require',
      );
    if (target.requireAuth !== null && !isAllowed(method, target.requireAuth))
      throw unmetRequirement(
        endpoint,
        method === 'none' ? 'it asks for no password' : `it asks for the password by ${method}`,
        'require_auth',
        "Correct the server's pg_hba.conf",
      );
  };
  return {
    check,
    async password() {
      check();
      if (target.password !== null) return target.password;
      const wanted = { ...endpoint, database: target.database, user: target.user };
      const file = await passwordFromFile(wanted, target.passFile);
      if (file.password !== null) return file.password;
      throw noPassword(target, endpoint, file);
    },
  };
}

function isAllowed(method: Method, required: string[]): boolean {
  const negated = required[0]?.startsWith('!') === true;
  return negated ? !required.includes(`!${method}`) : required.includes(method);
}

function unmetRequirement(endpoint: Endpoint, why: string, by: string, correction: string): AppError {
  return new AppError(
    'DATABASE_AUTH_FAILED',
    `The server at ${endpoint.host}:${endpoint.port} cannot be used: ${why}, and ${by} excludes that.`,
    {
      hint: `No password was sent. ${correction}, or take ${by.split('=')[0]} out of the connection string.`,
    },
  );
}

function noPassword(target: Target, endpoint: Endpoint, file: FilePassword): AppError {
  const looked = file.why === null ? '' : ` The password file ${file.path} gave none: ${file.why}.`;
  return new AppError(
    'DATABASE_AUTH_FAILED',
    `The server at ${endpoint.host}:${endpoint.port} asks for a password of "${target.user}" (database "${target.database}"), and none is given.${looked}`,
    {
      hint: 'Put it into DATABASE_URL, PGPASSWORD, or a line host:port:database:user:password of ~/.pgpass (chmod 600).',
    },
  );
}
