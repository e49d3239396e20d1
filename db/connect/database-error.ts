import { DrizzleQueryError } from 'drizzle-orm';
import { AppError } from '../../server/core/errors.ts';

/** The fields we read of a PostgreSQL driver's error. */
interface ServerFault {
  code?: string;
  message?: string;
  schema?: string;
  table?: string;
  constraint?: string;
  where?: string;
  hint?: string;
}

/** A hint for server messages that are not repeated because they may hold a row; our own log never has them either. */
export const OWN_WORDS = 'The server’s own message is in its log; on the command line --verbose shows it, too.';

const UNREACHABLE = new Set([
  'ECONNREFUSED',
  'ENOTFOUND',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'ENOENT',
]);
const LOST = new Set([
  'ECONNRESET',
  'EPIPE',
  '57P01',
  '57P02',
  '57P03',
  '08000',
  '08001',
  '08003',
  '08004',
  '08006',
  'CONNECTION_CLOSED',
  'CONNECTION_ENDED',
  'CONNECTION_DESTROYED',
]);

/** Returns the driver's own error: the one Drizzle wraps it in repeats statement and parameters. */
function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

/** Returns the SQLSTATE (or the system's code) of an error of any of our drivers, or of Drizzle over them; undefined for other errors. */
export function faultCode(error: unknown): string | undefined {
  const code = (driverError(error) as ServerFault | null)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * Converts an error of a driver, or of Drizzle over it, into an AppError. `doing` completes "while …" (`copying public.staff`). The
 * server's message is kept as the cause, and repeated only where it cannot hold row values.
 */
export function databaseError(thrown: unknown, doing: string): AppError {
  const error = driverError(thrown);
  if (error instanceof AppError) return error;
  const fault = (error ?? {}) as ServerFault;
  const code = faultCode(error) ?? '';
  const text = fault.message ?? '';
  if (code === '28P01' || code === '28000')
    return new AppError('DATABASE_AUTH_FAILED', `The database refused the sign-in while ${doing}.`, {
      cause: error,
      hint: 'Check the user and the password in DATABASE_URL, and that pg_hba.conf lets this user in from here.',
    });
  if (code === '3D000')
    return new AppError('DATABASE_UNREACHABLE', `There is no such database (while ${doing}).`, {
      cause: error,
      hint: 'Check the name of the database in DATABASE_URL (or the address given instead), or create it.',
    });
  if (code === '53300') {
    const [whose, raise] = /for role/.test(text)
      ? ['role', 'raise the CONNECTION LIMIT of the role (ALTER ROLE)']
      : /for database/.test(text)
        ? ['database', 'raise the CONNECTION LIMIT of the database (ALTER DATABASE)']
        : ['server', 'raise max_connections on the server'];
    return new AppError('DATABASE_UNREACHABLE', `The ${whose} has no free connection left while ${doing}.`, {
      cause: error,
      hint: `Lower BACKUP_JOBS or --jobs, or ${raise}.`,
    });
  }
  if (UNREACHABLE.has(code) || /timeout expired|connect ETIMEDOUT|getaddrinfo/i.test(text))
    return new AppError('DATABASE_UNREACHABLE', `No PostgreSQL server answered while ${doing}.`, {
      cause: error,
      hint: 'Check host and port in DATABASE_URL, and that the server is running.',
    });
  if (code === '42501')
    return new AppError('PERMISSION_DENIED', `The database role lacks a right while ${doing}: ${text}.`, {
      cause: error,
      hint: '`bun run scripts/backup.ts --check` lists the rights that a backup or a restore of these tables lacks, each with the statement that gives it. If this one is not among them, something of the database itself refuses (a trigger, a function); the server’s own message says which: it is in its log, and --verbose shows it on the command line.',
    });
  if (code === '25006')
    return new AppError('DATABASE_ERROR', `The server takes no writes while ${doing}: it is a standby, or read-only.`, {
      cause: error,
      hint: 'Use the address of the primary, or name all servers and add target_session_attrs=read-write to DATABASE_URL.',
      details: { sqlState: code },
    });
  if (code === '53100')
    return new AppError('DISK_FULL', `The database server's disk is full while ${doing}.`, {
      cause: error,
      hint: 'Free space on the database server, then run it again. A restore needs about twice the size of its tables there for a while.',
    });
  const limit = code === '53400' ? /\b[a-z_]+_limit\b/.exec(text)?.[0] : undefined;
  if (limit !== undefined)
    return new AppError('DATABASE_ERROR', `The setting ${limit} of the server was exceeded while ${doing}.`, {
      cause: error,
      hint: `A superuser can raise it for this role alone: ALTER ROLE … SET ${limit} = …; then run it again.`,
      details: { sqlState: code },
    });
  if (code === '53200') return outOfMemory(error, fault, doing);
  if (code === '57014')
    return new AppError('CANCELLED', `The database cancelled a statement while ${doing}.`, {
      cause: error,
      hint: 'Somebody cancelled it (pg_cancel_backend), or a limit of time did. Run it again.',
    });
  if (code === '55P03')
    return new AppError('TABLE_BUSY', `Somebody else held a lock for too long while ${doing}.`, {
      cause: error,
      hint: 'Run it again when the other session is done; SELECT pid, state, query FROM pg_stat_activity shows who is at work.',
    });
  if (
    LOST.has(code) ||
    /Connection terminated|connection (was )?closed|socket.*closed|Client has encountered a connection error|not queryable/i.test(
      text,
    )
  )
    return new AppError('CONNECTION_LOST', `The connection to the database was lost while ${doing}.`, {
      cause: error,
      hint: 'See the server log for why, then run it again.',
    });
  if (code === '22P05')
    return new AppError(
      'DATABASE_ERROR',
      `The server met a character that has no equivalent in UTF-8 while ${doing} (SQLSTATE 22P05).`,
      {
        cause: error,
        hint: `The encoding of the database knows codes that Unicode does not: change the character. ${OWN_WORDS}`,
        details: { sqlState: code },
      },
    );
  return new AppError(
    'DATABASE_ERROR',
    `The database reported an error while ${doing}${code ? ` (SQLSTATE ${code})` : ''}.`,
    {
      cause: error,
      hint: OWN_WORDS,
      details: {
        ...(code && { sqlState: code }),
        ...(fault.table && { table: fault.schema ? `${fault.schema}.${fault.table}` : fault.table }),
        ...(fault.constraint && { constraint: fault.constraint }),
      },
    },
  );
}

/** Builds the error for a code with two meanings; only the hint, by the name of a setting, says which memory ran out. */
function outOfMemory(error: unknown, { hint }: ServerFault, doing: string): AppError {
  const setting = /max_(?:pred_)?locks_per_transaction/.exec(hint ?? '')?.[0];
  return new AppError(
    'DATABASE_ERROR',
    setting
      ? `The server had no room left for locks (${setting}) while ${doing}.`
      : `The server ran out of memory while ${doing}.`,
    {
      cause: error,
      hint: setting
        ? `Run it again when less is going on on the server, or as a superuser raise ${setting} by ALTER SYSTEM SET ${setting} = …; (SHOW ${setting}; tells what it is) and restart the server.`
        : 'Free memory on the database server, or run it again when less is going on there.',
      details: { sqlState: '53200', ...(setting && { setting }) },
    },
  );
}

/** Runs statements and throws their errors as AppErrors. `doing` completes "while …". */
export async function asking<Result>(doing: string, statements: () => Promise<Result>): Promise<Result> {
  try {
    return await statements();
  } catch (error) {
    throw databaseError(error, doing);
  }
}
