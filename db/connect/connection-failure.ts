import { AppError, type ErrorCode } from '../../server/core/errors.ts';
import { quoteIdent } from '../model/quote.ts';
import type { Endpoint, TlsRequirements } from './address/target.ts';
import { DialFault } from './dial.ts';

/** The server of a connection attempt, and the user it was made as. */
export interface ConnectionTarget {
  endpoint: Endpoint;
  user: string;
  database: string;
  tls: Pick<TlsRequirements, 'mode' | 'rootCert'>;
}

/** A session that is not of the requested kind. The message completes "… cannot be used: …". */
export class WrongSessionKind extends Error {}

interface Finding {
  code?: ErrorCode;
  /** The reason; completes "… cannot be used: …". */
  why: string;
  hint: string;
}

/** Explains why a server could not be used: which one, as whom, what is wrong and what to do. Never contains a password. */
export function connectionFailure(error: unknown, target: ConnectionTarget): AppError {
  const finding =
    error instanceof DialFault
      ? explainDialFault(error, target)
      : hasState(error)
        ? explainServerError(error, target)
        : error instanceof WrongSessionKind
          ? { why: error.message, hint: 'Name a server of that kind as host, or change target_session_attrs.' }
          : { why: wordsOf(error), hint: 'See the log of the server, and try the same address with psql.' };
  return new AppError(
    finding.code ?? 'DATABASE_UNREACHABLE',
    `The database at ${describe(target)} cannot be used: ${finding.why}.`,
    {
      hint: finding.hint,
      cause: error,
      redactions: { [` at ${describe(target)}`]: '' },
    },
  );
}

/** Combines the failures of all servers of a list into one. */
export function combineFailures(failures: AppError[]): AppError {
  const [first] = failures;
  if (first !== undefined && failures.length === 1) return first;
  return new AppError(
    first?.code ?? 'DATABASE_UNREACHABLE',
    `None of the ${failures.length} servers can be used. ${failures.map((failure) => failure.message).join(' ')}`,
    {
      cause: first,
      redactions: Object.assign({}, ...failures.map(({ redactions: places }) => places)),
      hint: [...new Set(failures.flatMap(({ hint }) => hint ?? []))].join(' '),
    },
  );
}

function describe({ endpoint, user, database }: ConnectionTarget): string {
  return `${addressOf(endpoint)} (user "${user}", database "${database}")`;
}

function addressOf({ host, address, port }: Endpoint): string {
  if (host.startsWith('/') && address === null) return `${host}/.s.PGSQL.${port}`;
  const name = host.includes(':') ? `[${host}]` : host;
  return address !== null && address !== host ? `${name}:${port} (${address})` : `${name}:${port}`;
}

function explainDialFault(fault: DialFault, target: ConnectionTarget): Finding {
  const onSocket = target.endpoint.host.startsWith('/') && target.endpoint.address === null;
  if (fault.kind === 'timeout')
    return {
      why: 'it did not answer in time',
      hint: `${onSocket ? 'The server may be stopped or overloaded' : 'A firewall may drop the packets'}; connect_timeout=SECONDS waits longer.`,
    };
  if (fault.kind === 'no-tls')
    return {
      why: `${fault.message}, and sslmode=${target.tls.mode} needs it`,
      hint: 'Turn `ssl` on at the server, or use sslmode=prefer where the network between is trusted.',
    };
  if (fault.kind === 'not-postgres')
    return { why: `${fault.message}: it is no PostgreSQL server`, hint: 'Check host and port in DATABASE_URL.' };
  if (fault.kind === 'tls') return explainTlsFault(fault, target);
  const found = onSocket ? SOCKET[fault.code ?? ''] : NETWORK[fault.code ?? ''];
  return (
    found ?? {
      why: `the connection was closed before the server answered${fault.code ? ` (${fault.code})` : ''}`,
      hint: 'Check that host and port in DATABASE_URL are those of a PostgreSQL server, and see its log.',
    }
  );
}

const UNKNOWN_NAME: Finding = {
  why: 'its name is not known',
  hint: 'Check the host in DATABASE_URL; `getent hosts NAME` tells whether this machine knows it.',
};
const NO_ROUTE: Finding = {
  why: 'there is no way to it in the network',
  hint: 'Check the host in DATABASE_URL, the network and the VPN.',
};

const NETWORK: Record<string, Finding> = {
  ECONNREFUSED: {
    why: 'nobody answers there (the connection was refused)',
    hint: 'Check host and port in DATABASE_URL, that the server is running, and its listen_addresses.',
  },
  ENOTFOUND: UNKNOWN_NAME,
  ENODATA: UNKNOWN_NAME,
  EAI_AGAIN: { why: 'its name could not be looked up', hint: 'The name server does not answer. Try again.' },
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  ETIMEDOUT: {
    why: 'it did not answer in time',
    hint: 'A firewall may drop the packets. Check host and port in DATABASE_URL.',
  },
};

const SOCKET: Record<string, Finding> = {
  ENOENT: {
    why: 'there is no such socket',
    hint: 'Is the server running on this machine? The host must name the folder of its socket (unix_socket_directories).',
  },
  ECONNREFUSED: { why: 'nobody listens on that socket', hint: 'The server has ended. Start it.' },
  EACCES: {
    why: 'this user may not open that socket',
    hint: 'See the rights of the socket’s folder, or connect by TCP.',
  },
  EPERM: {
    why: 'this user may not open that socket',
    hint: 'See the rights of the socket’s folder, or connect by TCP.',
  },
  ENOTDIR: { why: 'there is no such folder', hint: 'The host must name the folder of the server’s socket.' },
};

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'CERT_UNTRUSTED',
  'CERT_SIGNATURE_FAILURE',
  'INVALID_CA',
]);

function explainTlsFault(fault: DialFault, { tls }: ConnectionTarget): Finding {
  // The value "system" needs verify-full and is refused with any other mode.
  const bySystem = tls.rootCert === 'system' ? ', with sslrootcert=system taken out,' : '';
  const encryptOnly = `sslmode=no-verify${bySystem} encrypts without asking who the server is`;
  const code = fault.code ?? '';
  if (UNTRUSTED.has(code))
    return {
      why: `its certificate is ${/SELF_SIGNED/.test(code) ? 'self-signed, or signed by an authority that is' : 'signed by an authority that is'} not trusted (${code})`,
      hint: `Set sslrootcert=FILE to the certificate of that authority${tls.rootCert === null ? '' : ` (it is ${tls.rootCert} now)`}; ${encryptOnly}.`,
    };
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID')
    return {
      why: code === 'CERT_HAS_EXPIRED' ? 'its certificate has expired' : 'its certificate is not valid yet',
      hint: `Give the server a new certificate, and check the clock of this machine; ${encryptOnly}.`,
    };
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID')
    return {
      why: 'its certificate is for another name',
      hint: `Use the host name in the certificate, or ${
        bySystem ? 'sslrootcert=FILE with sslmode=verify-ca' : 'sslmode=verify-ca'
      }, which trusts its authority whatever the name.`,
    };
  return {
    why: `TLS could not be agreed on (${fault.message.slice(0, 200)})`,
    hint: 'The server may refuse this TLS version or the client certificate (sslcert, sslkey). See its log.',
  };
}

interface ServerMessage {
  code: string;
  message: string;
  routine?: string;
}

function hasState(error: unknown): error is ServerMessage {
  return /^[0-9A-Z]{5}$/.test((error as ServerMessage | null)?.code ?? '') && error instanceof Error;
}

function explainServerError(fault: ServerMessage, { user, database }: ConnectionTarget): Finding {
  const { code, message: text } = fault;
  const role = quoteIdent(user);
  if (code === '28P01')
    return {
      code: 'DATABASE_AUTH_FAILED',
      why: 'the password is wrong, or the role does not exist',
      hint: 'Check user and password in DATABASE_URL (PGPASSWORD and ~/.pgpass count when it has none).',
    };
  if (code === '28000') return { code: 'DATABASE_AUTH_FAILED', ...ofAuthorization(text, role) };
  if (code === '3D000')
    return {
      why: 'there is no such database',
      hint: `Check the name in DATABASE_URL, or run CREATE DATABASE ${quoteIdent(database)};`,
    };
  if (code === '55000' && /invalid database/.test(text))
    return {
      why: 'its removal was interrupted, and nobody can use it any more',
      hint: `As its owner finish it: DROP DATABASE ${quoteIdent(database)}; then create it again, or name another one in DATABASE_URL.`,
    };
  if (code === '55000')
    return {
      why: 'the database takes no connections',
      hint: `As a superuser: ALTER DATABASE ${quoteIdent(database)} ALLOW_CONNECTIONS true;`,
    };
  if (code === '42501' && /database/.test(text))
    return {
      code: 'PERMISSION_DENIED',
      why: 'the role may not connect to this database',
      hint: `As its owner: GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO ${role};`,
    };
  if (code === '53300') return explainTooManyConnections(text, database, role);
  if (code === '57P03' && /is not accepting connections/.test(text))
    return {
      why: `the server takes no connections: ${text}`,
      hint: 'It is a standby with hot_standby off. Use the address of the primary.',
    };
  if (code === '57P03')
    return {
      why: `the server takes no connections now: ${text}`,
      hint: 'It is starting, stopping or recovering. Try again in a while; its log says how far it is.',
    };
  const why = `${text} (SQLSTATE ${code})`;
  if (code === '42501')
    return {
      code: 'PERMISSION_DENIED',
      why,
      hint: 'The role may not have what the connection asks for: look at options in DATABASE_URL and at PGOPTIONS.',
    };
  return { why, hint: 'See the log of the server, or of the pooler before it.' };
}

function ofAuthorization(text: string, role: string): Finding {
  if (/certificate/i.test(text))
    return {
      why: `the server wants a client certificate: ${text}`,
      hint: 'Set sslcert=FILE and sslkey=FILE to a certificate whose authority the server trusts and whose name is the role’s.',
    };
  if (/pg_hba\.conf/.test(text))
    return {
      why: `pg_hba.conf does not let it in: ${text}`,
      hint: 'Add a line for this user, database and address to pg_hba.conf and reload, or change sslmode when only encryption differs.',
    };
  if (/not permitted to log in/.test(text))
    return { why: 'the role may not log in', hint: `As a superuser: ALTER ROLE ${role} LOGIN;` };
  if (/role .* does not exist/.test(text))
    return {
      why: 'the role does not exist',
      hint: `Check the user in DATABASE_URL, or run CREATE ROLE ${role} LOGIN PASSWORD '…';`,
    };
  return { why: text, hint: 'See pg_hba.conf and pg_ident.conf: they say how this user has to sign in.' };
}

function explainTooManyConnections(text: string, database: string, role: string): Finding {
  if (/for role/.test(text))
    return {
      why: 'the role has no connection left',
      hint: `Lower BACKUP_JOBS or --jobs, or ALTER ROLE ${role} CONNECTION LIMIT -1;`,
    };
  if (/for database/.test(text))
    return {
      why: 'the database has no connection left',
      hint: `Lower BACKUP_JOBS or --jobs, or ALTER DATABASE ${quoteIdent(database)} CONNECTION LIMIT -1;`,
    };
  return {
    why: 'the server has no free connection left',
    hint: 'Lower BACKUP_JOBS or --jobs, or raise max_connections on the server.',
  };
}

function wordsOf(error: unknown): string {
  return error instanceof Error ? error.message.slice(0, 300) : 'the driver gave no reason';
}
