import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { openSession } from '../../../db/connect/session.ts';
import { startCluster } from '../../../db/embedded/cluster.ts';
import { machineBinaries } from '../../../db/embedded/machine-postgres.ts';
import { quoteIdent } from '../../../db/model/quote.ts';
import { AppError } from '../../../server/core/errors.ts';

/** Ordinary, durable settings, but without autovacuum: it could start in the middle of a measurement. */
export const SERVER_SETTINGS = {
  fsync: 'on',
  synchronous_commit: 'on',
  full_page_writes: 'on',
  shared_buffers: '256MB',
  max_wal_size: '4GB',
  autovacuum: 'off',
};
/** Sort order by bytes, available on every machine. */
export const LOCALE = 'C';

/** A PostgreSQL of the benchmark's own, with its programs. */
export interface BenchServer extends AsyncDisposable {
  /** Folder of `psql`, `pg_dump` and `pg_restore`. */
  binaries: string;
  /** Version as the server reports it. */
  version: string;
  /** Returns the address of a database, password included. */
  url(database: string): string;
  /** Environment variables that libpq reads instead of an address. */
  env: Record<string, string>;
  query<Row extends object>(database: string, sql: string): Promise<Row[]>;
  /** Creates a database as a copy of another; drops an earlier one of that name. */
  recreate(database: string, template: string): Promise<void>;
  drop(database: string): Promise<void>;
}

/** Starts it in a new folder. Throws NOT_FOUND on a machine that has no PostgreSQL with its programs. */
export async function startBenchServer(dir: string, signal: AbortSignal): Promise<BenchServer> {
  const binaries = machineBinaries();
  const lacking = ['psql', 'pg_dump', 'pg_restore'].filter((name) => !binaries || !existsSync(join(binaries, name)));
  if (binaries === null || lacking.length > 0) {
    throw new AppError('NOT_FOUND', `This machine has no PostgreSQL with ${lacking.join(', ')} to measure against.`, {
      hint: 'Install the server and its client programs (on Debian: apt install postgresql), so that both are of one version.',
    });
  }
  const password = crypto.randomUUID();
  const initArgs = [`--locale=${LOCALE}`];
  const cluster = await startCluster({ binaries, dir, password, initArgs, settings: SERVER_SETTINGS });

  const query = async <Row extends object>(database: string, sql: string): Promise<Row[]> => {
    await using session = await openSession(cluster.adminUrl(database), {
      applicationName: 'palace-backup bench',
      signal,
    });
    return await session.query<Row>(sql);
  };
  const drop = async (database: string) => {
    await query('postgres', `DROP DATABASE IF EXISTS ${quoteIdent(database)} WITH (FORCE)`);
  };
  try {
    const [row] = await query<{ version: string; number: string }>(
      'postgres',
      `SELECT current_setting('server_version') AS version, current_setting('server_version_num') AS number`,
    );
    // Otherwise each page of the copy goes through the log, which is slow and measures nothing of interest.
    const strategy = Number(row?.number) >= 150_000 ? ' STRATEGY FILE_COPY' : '';
    return {
      binaries,
      version: row?.version ?? '',
      url: (database) => cluster.adminUrl(database),
      env: { PGHOST: '127.0.0.1', PGPORT: String(cluster.port), PGUSER: 'postgres', PGPASSWORD: password },
      query,
      async recreate(database, template) {
        await drop(database);
        await query('postgres', `CREATE DATABASE ${quoteIdent(database)} TEMPLATE ${quoteIdent(template)}${strategy}`);
      },
      drop,
      [Symbol.asyncDispose]: () => cluster.stop(),
    };
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
