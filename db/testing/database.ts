import type pg from 'pg';
import { Mutex } from '../../server/core/mutex.ts';
import { HRMS } from '../hrms/tables.ts';
import { quoteIdent, quoteLiteral } from '../model/quote.ts';
import { migrate } from '../system/migrate.ts';
import { connected, lastRows, onConnection } from './client.fixture.ts';
import { quickVerifier } from './password.ts';
import { type TestServer, testServerUrl } from './servers.ts';
import { hrmsTemplate } from './template.ts';

/** A test file's own database. Disposing it drops it, and throws when connections were left open. */
export interface TestDatabase extends AsyncDisposable {
  readonly name: string;
  /** Address of the owner, who is no superuser. */
  readonly url: string;
  /** Address of the superuser. */
  readonly adminUrl: string;
  /**
   * Runs SQL as the owner, one call at a time on one connection; returns the last statement's rows. Several statements only without params.
   */
  query<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
  /** Runs SQL as the superuser, in the same way. */
  admin<Row = Record<string, unknown>>(sql: string, params?: unknown[]): Promise<Row[]>;
}

export interface TestDatabaseOptions {
  server?: TestServer;
  /** `empty`: nothing in it. `hrms`: the HRMS tables and our own, without rows. */
  template?: 'empty' | 'hrms';
  /** Role that owns it, created when missing. */
  owner?: string;
  /** Encoding other than the server's own; only for an empty database. */
  encoding?: 'SQL_ASCII' | 'LATIN1' | 'EUC_JP';
}

const OWNER = 'palace_owner';
/** Password of every role created here. */
const TEST_PASSWORD = 'palace';
const swept = new Set<string>();

/** Creates a database for one test file. Use it with `await using`, or dispose it in `afterAll`. */
export async function testDatabase(options: TestDatabaseOptions = {}): Promise<TestDatabase> {
  const owner = options.owner ?? OWNER;
  const serverUrl = await testServerUrl(options.server ?? '18');
  const name = `t_${process.pid}_${crypto.randomUUID().slice(0, 8)}`;
  const { template, strategy } = await prepared(serverUrl, owner, options.template ?? 'empty');
  const encoding =
    options.encoding === undefined
      ? ''
      : ` ENCODING '${options.encoding}' LOCALE_PROVIDER libc LC_COLLATE 'C' LC_CTYPE 'C'`;
  await onConnection(serverUrl, (client) =>
    client.query(
      `CREATE DATABASE ${name} TEMPLATE ${quoteIdent(template)} OWNER ${quoteIdent(owner)}${encoding}${strategy}`,
    ),
  );
  const adminUrl = at(serverUrl, name);
  const url = at(serverUrl, name, owner);
  const asOwner = serialQueries(url);
  const asAdmin = serialQueries(adminUrl);
  // REASSIGN OWNED of a clone would also take the databases of all other tests from their owner.
  if (options.template === 'hrms' && owner !== OWNER) await migrate(url, { application: HRMS });
  return {
    name,
    url,
    adminUrl,
    query: asOwner.query,
    admin: asAdmin.query,
    async [Symbol.asyncDispose]() {
      await asOwner.end();
      await asAdmin.end();
      await drop(serverUrl, name);
    },
  };
}

/** Drops databases of test processes that are dead. */
async function sweep(client: pg.Client): Promise<void> {
  const found = await client.query<{ datname: string }>(`SELECT datname FROM pg_database WHERE datname ~ '^t_[0-9]+_'`);
  for (const { datname } of found.rows) {
    if (!isAlive(Number(datname.split('_')[1]))) await client.query(`DROP DATABASE IF EXISTS ${datname} WITH (FORCE)`);
  }
}

interface Prepared {
  template: string;
  /**
   * Clause of CREATE DATABASE. Copying files takes a third of the processor time of writing them to the log; PostgreSQL 15 was the first to
   * offer it.
   */
  strategy: '' | ' STRATEGY FILE_COPY';
}

const known = new Map<string, Promise<Prepared>>();

/** Prepares a server once per process. Roles of single tests come and go, and are looked up each time. */
function prepared(serverUrl: string, owner: string, kind: 'empty' | 'hrms'): Promise<Prepared> {
  if (owner !== OWNER) return prepare(serverUrl, owner, kind);
  const key = `${kind} ${serverUrl}`;
  const found = known.get(key) ?? prepare(serverUrl, owner, kind);
  known.set(key, found);
  found.catch(() => known.delete(key));
  return found;
}

/** Creates role and template when missing, one process at a time. */
async function prepare(serverUrl: string, owner: string, kind: 'empty' | 'hrms'): Promise<Prepared> {
  return onConnection(serverUrl, async (client) => {
    await client.query(`SELECT pg_advisory_lock(hashtext('testing'))`);
    if (!swept.has(serverUrl)) {
      await sweep(client);
      const password = decodeURIComponent(new URL(serverUrl).password);
      await client.query(`ALTER ROLE CURRENT_USER PASSWORD ${quoteLiteral(quickVerifier(password))}`);
    }
    swept.add(serverUrl);
    for (const role of new Set([OWNER, owner])) {
      const there = await client.query('SELECT 1 FROM pg_roles WHERE rolname = $1', [role]);
      if (there.rowCount === 0) {
        await client.query(
          `CREATE ROLE ${quoteIdent(role)} LOGIN PASSWORD ${quoteLiteral(quickVerifier(TEST_PASSWORD))}`,
        );
      }
    }
    const [server] = (
      await client.query<{ chooses: boolean }>(`SELECT current_setting('server_version_num')::int >= 150000 AS chooses`)
    ).rows;
    const template =
      kind === 'empty' || owner !== OWNER
        ? 'template0'
        : await hrmsTemplate(client, OWNER, (database) => at(serverUrl, database, OWNER));
    return { template, strategy: server?.chooses ? ' STRATEGY FILE_COPY' : '' };
  });
}

async function drop(serverUrl: string, name: string): Promise<void> {
  const left = await onConnection(serverUrl, async (client) => {
    // A backend outlives its client's disconnect by a moment.
    for (let remainingMs = 2000; remainingMs > 0; remainingMs -= 10) {
      if ((await connectionsTo(client, name)).length === 0) break;
      await Bun.sleep(10);
    }
    const open = await connectionsTo(client, name);
    await client.query(`DROP DATABASE IF EXISTS ${name} WITH (FORCE)`);
    return open;
  });
  if (left.length === 0) return;
  const named = left.map((one) => `${one.application_name || 'unnamed'} (${one.state}): ${one.query.slice(0, 200)}`);
  throw new Error(`${left.length} connection(s) to the test database were left open: ${named.join(' | ')}`);
}

async function connectionsTo(client: pg.Client, name: string) {
  const sql = `SELECT application_name, coalesce(state, '') AS state, query FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend'`;
  return (await client.query<{ application_name: string; state: string; query: string }>(sql, [name])).rows;
}

/** Returns queries on one connection, opened on first use, that wait for each other. */
function serialQueries(url: string) {
  let client: Promise<pg.Client> | null = null;
  const statements = new Mutex();
  const run = async <Row>(sql: string, params?: unknown[]): Promise<Row[]> => {
    client ??= connected(url);
    return await lastRows<Row>(await client, sql, params);
  };
  return {
    query<Row>(sql: string, params?: unknown[]): Promise<Row[]> {
      return statements.run(() => run<Row>(sql, params));
    },
    async end(): Promise<void> {
      await statements.idle();
      await (await client)?.end();
    },
  };
}

function at(serverUrl: string, database: string, user?: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${database}`;
  if (user !== undefined) {
    url.username = encodeURIComponent(user);
    url.password = encodeURIComponent(TEST_PASSWORD);
  }
  return url.href;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
