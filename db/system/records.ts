import { drizzle, type PostgresJsDatabase } from 'drizzle-orm/postgres-js';
import { openDriver } from '../connect/driver.ts';
import * as system from './schema.ts';

/** Our own tables in `backup_system`, through Drizzle. For short statements only: work that holds a session has its own (`connect.ts`). */
export type Records = PostgresJsDatabase<typeof system>;

export interface RecordsClient {
  records: Records;
  /** Waits for what is under way, five seconds at most. */
  close(): Promise<void>;
}

/** Opens nothing yet: connections are made when they are needed, at most `connections` of them. */
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
