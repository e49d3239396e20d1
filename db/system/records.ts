import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { openDriver } from '../connect/driver.ts';
import * as system from './schema.ts';

/** Our own tables in `backup_system`, through Drizzle. For short statements only; longer work opens a session of its own (`session.ts`). */
export type Records = PostgresJsDatabase<typeof system>;

export interface RecordsClient {
  records: Records;
  /** Closes the connections, waiting at most five seconds for running statements. */
  close(): Promise<void>;
}

/** Creates the records with at most `connections` connections. Connects only when needed. */
export function openRecords(
  url: string,
  options: { connections?: number; applicationName?: string } = {},
): RecordsClient {
  const client = openDriver(url, {
    connections: options.connections ?? 10,
    applicationName: options.applicationName ?? 'palace-backup records',
  });
  return { records: drizzle(client, { schema: system }), close: () => client.end({ timeout: 5 }) };
}
