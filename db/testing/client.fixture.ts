import pg from 'pg';

/**
 * Opens a connection of a test's own, with this name in `pg_stat_activity`. A connection that is ended on purpose
 * raises nothing: the next statement says so.
 */
export async function connected(url: string, name = 'testing'): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: name });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** Runs the work over a connection of its own, and closes it. */
export async function onConnection<Result>(url: string, work: (client: pg.Client) => Promise<Result>): Promise<Result> {
  const client = await connected(url);
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}

/** Returns the rows of the last of these statements. */
export async function lastRows<Row>(client: pg.Client, sql: string, params?: unknown[]): Promise<Row[]> {
  const result: pg.QueryResult | pg.QueryResult[] = await client.query(sql, params);
  return (Array.isArray(result) ? result.at(-1)?.rows : result.rows) ?? [];
}

/** Runs these statements over a connection of their own, and returns the rows of the last one. */
export async function askOnce<Row = Record<string, unknown>>(
  url: string,
  sql: string,
  params?: unknown[],
): Promise<Row[]> {
  return await onConnection(url, (client) => lastRows<Row>(client, sql, params));
}
