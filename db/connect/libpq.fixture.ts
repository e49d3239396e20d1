import { sql } from 'drizzle-orm';
import { AppError } from '../../server/core/errors.ts';
import { openRecords } from '../system/records.ts';
import { completeConnection } from './address/environment.ts';
import { openSession } from './session.ts';

/** Result of a connection attempt: `user|database|port|encrypted`, or null when it failed. */
export type Connected = string | null;

const WHERE = `SELECT current_user || '|' || current_database() || '|' || coalesce(current_setting('port'), '') || '|' || ssl AS arrival
  FROM pg_catalog.pg_stat_ssl WHERE pid = pg_catalog.pg_backend_pid()`;

/** Connects by `psql` with a connection string and variables, and no variables but those. */
export async function connectByPsql(
  text: string | null,
  env: Record<string, string>,
): Promise<{ arrival: Connected; said: string }> {
  const child = Bun.spawn(
    [Bun.which('psql') ?? 'psql', '-X', '-w', '-At', '-c', WHERE, ...(text === null ? [] : ['-d', text])],
    {
      env: { HOME: '/nonexistent', LC_ALL: 'C', ...env },
      stdin: 'ignore',
      stdout: 'pipe',
      stderr: 'pipe',
    },
  );
  const [out, said, code] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
    child.exited,
  ]);
  return { arrival: code === 0 ? out.trim() : null, said: said.trim() };
}

/** Connects by each of our own ways; `said` is the failure of the first. */
export async function connectByOurClients(
  text: string | null,
  env: Record<string, string>,
): Promise<{ arrivals: Connected[]; said: string; failure: AppError | null }> {
  let failure: AppError | null = null;
  const caught = (error: unknown) => {
    const known =
      error instanceof Error && !(error instanceof AppError) && error.cause instanceof AppError ? error.cause : error;
    if (!(known instanceof AppError)) throw error;
    failure ??= known;
    return null;
  };
  let url: string;
  try {
    url = completeConnection(text, env);
  } catch (error) {
    return { arrivals: [null, null], said: String(error), failure: error instanceof AppError ? error : null };
  }
  const bySession = async () => {
    await using session = await openSession(url, { applicationName: 'testing', signal: new AbortController().signal });
    return (await session.query<{ arrival: string }>(WHERE))[0]?.arrival ?? null;
  };
  const byPool = async () => {
    const { records, close } = openRecords(url, { connections: 1 });
    try {
      return String((await records.execute(sql.raw(WHERE)))[0]?.arrival);
    } finally {
      await close();
    }
  };
  const arrivals = [await bySession().catch(caught), await byPool().catch(caught)];
  return { arrivals, said: (failure as AppError | null)?.message ?? '', failure };
}
