import { existsSync } from 'node:fs';
import { AppError } from '../../../server/core/errors.ts';
import { accountName } from '../account.ts';
import { type Conninfo, ConninfoFault, parseConninfo } from './conninfo.ts';

/** One server of the list. */
export interface Endpoint {
  /** A host name, an IP address, or the folder of a socket. */
  host: string;
  /** Address to connect to instead of resolving the host name. */
  address: string | null;
  port: number;
}

export const SSL_MODES = ['disable', 'allow', 'prefer', 'require', 'no-verify', 'verify-ca', 'verify-full'] as const;
export type SslMode = (typeof SSL_MODES)[number];

export const SESSION_ATTRS = ['any', 'read-write', 'read-only', 'primary', 'standby', 'prefer-standby'] as const;
export type SessionAttrs = (typeof SESSION_ATTRS)[number];

/** TLS settings as the operator wrote them; no file has been read yet. */
export interface TlsRequirements {
  mode: SslMode;
  /** True for TLS from the first byte, which servers support since version 17. */
  direct: boolean;
  rootCert: string | null;
  /** Path of the client certificate. Null: `~/.postgresql/postgresql.crt` and `.key`, when they exist. */
  cert: string | null;
  key: string | null;
  passphrase: string | null;
  /** False when no client certificate may be sent. */
  certAllowed: boolean;
  sendName: boolean;
  minVersion: string | null;
  maxVersion: string | null;
}

/** A database as its connection string describes it, completed by PostgreSQL's own defaults. */
export interface Target {
  endpoints: Endpoint[];
  shuffled: boolean;
  sessionAttrs: SessionAttrs;
  user: string;
  database: string;
  password: string | null;
  /** Path of the password file. Null: `~/.pgpass`. */
  passFile: string | null;
  channelBinding: 'disable' | 'prefer' | 'require';
  /** Authentication methods that may be used; with `!` before each, all but these. Null: any. */
  requireAuth: string[] | null;
  tls: TlsRequirements;
  /** Milliseconds a connection attempt may take. Null: the caller's default. 0: no limit. */
  connectTimeoutMs: number | null;
  options: string;
  keepAlive: { on: boolean; idleMs: number };
}

/** Parses a connection string into a target. Throws CONFIG_INVALID that names the parameter and repeats no value. */
export function readTarget(text: string): Target {
  try {
    return interpret(text);
  } catch (error) {
    if (!(error instanceof ConninfoFault)) throw error;
    throw new AppError('CONFIG_INVALID', `The connection string of the database ${error.message}.`, {
      hint: 'docs/database-address.md says what is understood.',
    });
  }
}

/** Returns why a connection string cannot be used, completing "DATABASE_URL …", or null when it can. Repeats no value. */
export function targetFault(text: string): string | null {
  try {
    interpret(text);
    return null;
  } catch (error) {
    return error instanceof ConninfoFault ? error.message : 'cannot be read';
  }
}

function interpret(text: string): Target {
  const given = parseConninfo(text);
  const user = given.get('user') || accountName();
  if (user === null)
    throw refused('names no user, and the account this program runs as has no name to take in its place');
  return {
    endpoints: endpoints(given),
    shuffled: choice(given, 'load_balance_hosts', ['disable', 'random'] as const, 'disable') === 'random',
    sessionAttrs: choice(given, 'target_session_attrs', SESSION_ATTRS, 'any'),
    user,
    database: given.get('dbname') || user,
    password: given.get('password') || null,
    passFile: given.get('passfile') || null,
    channelBinding: choice(given, 'channel_binding', ['disable', 'prefer', 'require'] as const, 'prefer'),
    requireAuth: authMethods(given),
    tls: tlsRequirements(given),
    connectTimeoutMs: connectTimeout(given),
    options: given.get('options') ?? '',
    keepAlive: {
      on: given.get('keepalives') !== '0',
      idleMs: (wholeNumber(given, 'keepalives_idle') ?? 0) * 1000,
    },
  };
}

function endpoints(given: Conninfo): Endpoint[] {
  const hosts = list(given.get('host'));
  const addresses = list(given.get('hostaddr'));
  const ports = list(given.get('port'));
  const count = Math.max(hosts.length, addresses.length, 1);
  if (hosts.length > 0 && addresses.length > 0 && hosts.length !== addresses.length)
    throw refused('must have as many hostaddr as host');
  if (ports.length > 1 && ports.length !== count) throw refused('must have one port, or as many as it has hosts');
  return Array.from({ length: count }, (_, index) => {
    const port = Number((ports.length > 1 ? ports[index] : ports[0]) || 5432);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) throw refused('must have ports from 1 to 65535');
    const address = addresses[index] || null;
    return { host: hosts[index] || address || ownHost(port), address, port };
  });
}

/** Returns the folder where PostgreSQL's packages put the local server's socket, or `localhost` when it has none there. */
function ownHost(port: number): string {
  const folder = ['/var/run/postgresql', '/tmp'].find((path) => existsSync(`${path}/.s.PGSQL.${port}`));
  return folder ?? 'localhost';
}

function list(text: string | undefined): string[] {
  return text === undefined || text === '' ? [] : text.split(',').map((part) => part.trim());
}

function tlsRequirements(given: Conninfo): TlsRequirements {
  const rootCert = given.get('sslrootcert') || null;
  const legacy = given.get('requiressl') === '1' ? 'require' : 'prefer';
  const mode = choice(given, 'sslmode', SSL_MODES, rootCert === 'system' ? 'verify-full' : legacy);
  if (rootCert === 'system' && mode !== 'verify-full')
    throw refused('has sslrootcert=system, which needs sslmode=verify-full');
  const direct = choice(given, 'sslnegotiation', ['postgres', 'direct'] as const, 'postgres') === 'direct';
  if (direct && ['disable', 'allow', 'prefer'].includes(mode))
    throw refused('has sslnegotiation=direct, which needs sslmode=require or stronger');
  return {
    mode,
    direct,
    rootCert,
    cert: given.get('sslcert') || null,
    key: given.get('sslkey') || null,
    passphrase: given.get('sslpassword') || null,
    certAllowed: given.get('sslcertmode') !== 'disable',
    sendName: given.get('sslsni') !== '0',
    minVersion: given.get('ssl_min_protocol_version') || null,
    maxVersion: given.get('ssl_max_protocol_version') || null,
  };
}

const AUTH_METHODS = ['password', 'md5', 'scram-sha-256', 'none', 'gss', 'sspi', 'oauth'];

function authMethods(given: Conninfo): string[] | null {
  const methods = list(given.get('require_auth'));
  if (methods.length === 0) return null;
  const negated = methods.filter((method) => method.startsWith('!')).length;
  if (negated !== 0 && negated !== methods.length) throw refused('mixes methods with and without ! in require_auth');
  if (methods.some((method) => !AUTH_METHODS.includes(method.replace(/^!/, ''))))
    throw refused(`has a method in require_auth that is none of: ${AUTH_METHODS.join(', ')}`);
  return methods;
}

function connectTimeout(given: Conninfo): number | null {
  const seconds = wholeNumber(given, 'connect_timeout');
  if (seconds === null) return null;
  return seconds <= 0 ? 0 : Math.max(2, seconds) * 1000;
}

function wholeNumber(given: Conninfo, name: string): number | null {
  const text = given.get(name)?.trim();
  if (!text) return null;
  if (!/^-?\d{1,9}$/.test(text)) throw refused(`must have a whole number as ${name}`);
  return Number(text);
}

function choice<const Words extends readonly string[]>(
  given: Conninfo,
  name: string,
  words: Words,
  otherwise: Words[number],
): Words[number] {
  const word = given.get(name) || otherwise;
  if (!words.includes(word)) throw refused(`must have as ${name} one of: ${words.join(', ')}`);
  return word;
}

function refused(why: string): ConninfoFault {
  return new ConninfoFault(why);
}
