interface Parameter {
  /** Environment variable that supplies the parameter when the connection string does not. */
  env?: string;
  /** True for a parameter whose value is a secret. */
  secret?: true;
  /** The only values that can be honoured here, and what to say about others. */
  only?: { values: readonly string[]; why: string };
}

const NO_REVOCATION = 'revocation lists are not read here; take the certificate out of use on the server';
const NO_GSS = 'Kerberos is not supported here; use a password or a client certificate';

/**
 * Every parameter of libpq, versions 14 to 18. A parameter that protects the connection and cannot be honoured is refused, never ignored.
 * Parameters that only tune or label it may be ignored.
 */
export const PARAMETERS: Readonly<Record<string, Parameter>> = {
  service: { env: 'PGSERVICE' },
  servicefile: { env: 'PGSERVICEFILE' },
  host: { env: 'PGHOST' },
  hostaddr: { env: 'PGHOSTADDR' },
  port: { env: 'PGPORT' },
  dbname: { env: 'PGDATABASE' },
  user: { env: 'PGUSER' },
  password: { env: 'PGPASSWORD', secret: true },
  passfile: { env: 'PGPASSFILE' },
  require_auth: { env: 'PGREQUIREAUTH' },
  channel_binding: { env: 'PGCHANNELBINDING' },
  connect_timeout: { env: 'PGCONNECT_TIMEOUT' },
  client_encoding: { env: 'PGCLIENTENCODING' },
  options: { env: 'PGOPTIONS' },
  application_name: { env: 'PGAPPNAME' },
  fallback_application_name: {},
  keepalives: {},
  keepalives_idle: {},
  keepalives_interval: {},
  keepalives_count: {},
  tcp_user_timeout: {},
  target_session_attrs: { env: 'PGTARGETSESSIONATTRS' },
  load_balance_hosts: { env: 'PGLOADBALANCEHOSTS' },
  sslmode: { env: 'PGSSLMODE' },
  requiressl: { env: 'PGREQUIRESSL' },
  sslnegotiation: { env: 'PGSSLNEGOTIATION' },
  sslcompression: { env: 'PGSSLCOMPRESSION', only: { values: ['0'], why: 'TLS is never compressed here' } },
  sslcert: { env: 'PGSSLCERT' },
  sslkey: { env: 'PGSSLKEY' },
  sslpassword: { secret: true },
  sslcertmode: {
    env: 'PGSSLCERTMODE',
    only: { values: ['allow', 'disable'], why: 'whether the server asks for a certificate cannot be told here' },
  },
  sslrootcert: { env: 'PGSSLROOTCERT' },
  sslcrl: { env: 'PGSSLCRL', only: { values: [], why: NO_REVOCATION } },
  sslcrldir: { env: 'PGSSLCRLDIR', only: { values: [], why: NO_REVOCATION } },
  sslsni: { env: 'PGSSLSNI' },
  sslkeylogfile: { only: { values: [], why: 'the keys of a connection are written to no file' } },
  ssl_min_protocol_version: { env: 'PGSSLMINPROTOCOLVERSION' },
  ssl_max_protocol_version: { env: 'PGSSLMAXPROTOCOLVERSION' },
  min_protocol_version: {
    env: 'PGMINPROTOCOLVERSION',
    only: { values: ['3.0'], why: 'only protocol 3.0 is used here' },
  },
  max_protocol_version: { env: 'PGMAXPROTOCOLVERSION' },
  gssencmode: { env: 'PGGSSENCMODE', only: { values: ['disable', 'prefer'], why: NO_GSS } },
  krbsrvname: { env: 'PGKRBSRVNAME' },
  gsslib: { env: 'PGGSSLIB' },
  gssdelegation: { env: 'PGGSSDELEGATION', only: { values: ['0'], why: NO_GSS } },
  requirepeer: {
    env: 'PGREQUIREPEER',
    only: { values: [], why: 'the user behind a socket cannot be asked here; keep its folder closed to others' },
  },
  replication: {
    only: {
      values: ['false', 'off', 'no', '0'],
      why: 'a backup connects to a database, not to the replication stream',
    },
  },
  scram_client_key: { secret: true, only: { values: [], why: 'give the password instead' } },
  scram_server_key: { secret: true, only: { values: [], why: 'give the password instead' } },
};

/** Parameters that other tools put into the same connection string; they say nothing about how to connect. */
const OF_OTHER_TOOLS = new Set([
  'pgbouncer',
  'connection_limit',
  'pool_timeout',
  'schema',
  'supa',
  'uselibpqcompat',
  'statement_cache_size',
]);

/** Returns true when the parameter belongs to another tool and may appear in the string. */
export function isOfOtherTools(name: string): boolean {
  return OF_OTHER_TOOLS.has(name);
}

/** Returns a readable reason why a parameter cannot be honoured, without its value, or null when it can. */
export function parameterFault(name: string, value: string): string | null {
  const known = Object.hasOwn(PARAMETERS, name) ? PARAMETERS[name] : undefined;
  if (!known) return `has a parameter that is not known: ${name.slice(0, 40).replaceAll(/[^\w.-]/g, '?')}`;
  if (!known.only || value === '' || known.only.values.includes(value)) return null;
  return `has ${name}, which cannot be honoured: ${known.only.why}`;
}
