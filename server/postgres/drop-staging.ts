import type { Session } from '../../db/connect.ts';
import { faultCode } from '../../db/failure.ts';
import { quoteIdent, quoteName } from '../../db/quote.ts';
import { inTransaction } from '../../db/transaction.ts';
import { openWorkingSession } from '../../db/working-session.ts';
import { AppError } from '../errors.ts';
import { inPortions } from './portions.ts';

/** Somebody who reads the staging tables is not waited for longer: what is left goes the next time. */
const LOCK_TIMEOUT = `SET LOCAL lock_timeout = '1s'`;

/**
 * Removes a staging schema: its tables some at a time, because each needs locks and a server has few, then the schema itself.
 * Only what a restore makes is removed. Of one that is not there, no statement runs that an event trigger could see. Throws what stood in the way, with whatever could go gone; safe to call again.
 */
export async function dropStaging(session: Session, schema: string): Promise<void> {
  const there = await session.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  if (there.length === 0) return;
  const tables = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relpersistence = 'u' AND c.relname ~ '^t[0-9]{4,}$' ORDER BY c.relname`,
    [schema],
  );
  const [failure] = await inPortions(session, tables, 3, async (portion) => {
    await session.query(LOCK_TIMEOUT);
    await session.query(`DROP TABLE IF EXISTS ${portion.map(quoteName).join(', ')}`);
  });
  if (failure !== undefined) throw inTheWay(failure, schema);
  await inTransaction(session, async () => {
    await session.query(LOCK_TIMEOUT);
    await session.query(`DROP SCHEMA IF EXISTS ${quoteIdent(schema)}`);
  }).catch((error) => {
    throw inTheWay(error, schema);
  });
}

function inTheWay(error: unknown, schema: string): unknown {
  const dependent = error instanceof AppError && faultCode(error.cause) === '2BP01';
  if (!dependent) return error;
  return new AppError(
    'UNKNOWN_OBJECTS',
    `the schema ${schema} of a restore holds objects, or other objects depend on its tables, that no restore made`,
    {
      cause: error,
      hint: `Look at them, then: DROP SCHEMA ${quoteIdent(schema)} CASCADE;`,
    },
  );
}

/**
 * Ends what is left of a restore's work on the server and removes its staging schema, over a connection of its own. Never throws:
 * resolves with what is still there, in words, or with null when nothing is.
 */
export async function mopUp(url: string, applicationName: string, schema: string): Promise<string | null> {
  try {
    await using session = await openWorkingSession(url, {
      applicationName: `${applicationName} mop`,
      signal: AbortSignal.timeout(30_000),
      connectTimeoutMs: 3000,
    });
    await session.query(
      `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND datname = current_database()`,
      [applicationName],
    );
    await dropStaging(session, schema);
    return null;
  } catch {
    return `The schema ${schema} was left in the database; the next operation removes it.`;
  }
}
