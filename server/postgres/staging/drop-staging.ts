import { faultCode } from '../../../db/connect/database-error.ts';
import type { Session } from '../../../db/connect/session.ts';
import { inTransaction } from '../../../db/connect/transaction.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import type { ObjectName } from '../../../db/model/model.ts';
import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import { AppError } from '../../core/errors.ts';
import { describeBlockers, lockHolders } from '../locks/blockers.ts';
import { inPortions } from './portions.ts';

/** Short, so that nobody who reads the staging tables is waited for longer; what is left is removed the next time. */
const LOCK_TIMEOUT = `SET LOCAL lock_timeout = '1s'`;

/**
 * Removes a staging schema and only what a restore makes, a few tables per transaction, because each needs locks and a server has few.
 * Runs nothing that an event trigger could see when the schema does not exist. Throws the obstacle after removing what it could; safe to
 * call again.
 */
export async function dropStaging(session: Session, schema: string): Promise<void> {
  const there = await session.query('SELECT FROM pg_catalog.pg_namespace WHERE nspname = $1', [schema]);
  if (there.length === 0) return;
  const tables = await dropTables(session, schema, '^[tdr][0-9]{4,}$');
  await inTransaction(session, async () => {
    await session.query(LOCK_TIMEOUT);
    await session.query(`DROP SCHEMA IF EXISTS ${quoteIdent(schema)}`);
  }).catch(async (error) => {
    throw await explainRemaining(session, error, schema, tables);
  });
}

/** Removes the staged tables, and leaves the rows that a plan keeps for a while. Throws the obstacle; safe to call again. */
export async function dropStaged(session: Session, schema: string): Promise<void> {
  await dropTables(session, schema, '^[td][0-9]{4,}$');
}

async function dropTables(session: Session, schema: string, names: string): Promise<ObjectName[]> {
  const tables = await session.query<{ schema: string; name: string }>(
    `SELECT n.nspname AS schema, c.relname AS name FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
      WHERE n.nspname = $1 AND c.relkind = 'r' AND c.relpersistence = 'u' AND c.relname ~ $2 ORDER BY c.relname`,
    [schema, names],
  );
  const [failure] = await inPortions(session, tables, 3, async (portion) => {
    await session.query(LOCK_TIMEOUT);
    await session.query(`DROP TABLE IF EXISTS ${portion.map(quoteName).join(', ')}`);
  });
  if (failure !== undefined) throw await explainRemaining(session, failure, schema, tables);
  return tables;
}

async function explainRemaining(
  session: Session,
  error: unknown,
  schema: string,
  tables: ObjectName[],
): Promise<unknown> {
  if (!(error instanceof AppError) || error.code === 'CONNECTION_LOST' || session.signal.aborted) return error;
  const drop = `DROP SCHEMA ${quoteIdent(schema)} CASCADE;`;
  if (faultCode(error.cause) === '2BP01')
    return new AppError(
      'UNKNOWN_OBJECTS',
      `the schema ${schema} of a restore holds objects, or other objects depend on its tables, that no restore made`,
      { cause: error, hint: `Look at them, then: ${drop}`, details: { schema } },
    );
  const holders = error.code === 'TABLE_BUSY' ? await lockHolders(session, tables).catch(() => []) : [];
  const why = holders.length > 0 ? `in the way: ${describeBlockers(holders)}` : error.message.replace(/\.$/, '');
  return new AppError(error.code, `the schema ${schema} of a restore could not be removed (${why})`, {
    cause: error,
    hint: `The next operation tries again; or its owner runs ${drop}`,
    details: { schema },
  });
}

/**
 * Number of tries: the first may lose its connection, or be cancelled along with the restore; a second one on its own connection mostly
 * succeeds.
 */
const CLEANUP_TRIES = 2;

/**
 * Ends a restore's remaining work on the server and removes its staging schema, over a connection of its own. Never throws. Resolves with
 * a description of what is left, or with null.
 */
export async function cleanUp(url: string, applicationName: string, schema: string): Promise<string | null> {
  let left = '';
  for (let tries = 0; tries < CLEANUP_TRIES; tries++) {
    try {
      await cleanUpOnce(url, applicationName, schema);
      return null;
    } catch (error) {
      left = whatIsLeft(error, schema);
    }
  }
  return left;
}

async function cleanUpOnce(url: string, applicationName: string, schema: string): Promise<void> {
  await using session = await openWorkingSession(url, {
    applicationName: `${applicationName} drop`,
    signal: AbortSignal.timeout(30_000),
    connectTimeoutMs: 3000,
  });
  await session.query(
    `SELECT pg_catalog.pg_terminate_backend(pid, 5000) FROM pg_catalog.pg_stat_activity WHERE application_name = $1 AND datname = current_database()`,
    [applicationName],
  );
  await dropStaging(session, schema);
}

/** Describes what is left. Errors of `dropStaging` name the schema; after any other error nobody knows whether it is still there. */
function whatIsLeft(error: unknown, schema: string): string {
  const known = error instanceof AppError ? error : null;
  if (known?.details?.['schema'] === schema)
    return `${capitalised(known.message)}.${known.hint ? ` ${known.hint}` : ''}`;
  const why = known === null ? 'for a reason unknown' : known.message.replace(/\.$/, '');
  return `Whether the schema ${schema} of the restore is still there could not be looked at (${why}): the next operation removes it, or its owner runs DROP SCHEMA IF EXISTS ${quoteIdent(schema)} CASCADE;`;
}

function capitalised(words: string): string {
  return `${words[0]?.toUpperCase()}${words.slice(1)}`;
}
