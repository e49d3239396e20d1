import { drizzle, type NodePgDatabase } from 'drizzle-orm/node-postgres';
import { openPool } from './connection/pool.ts';
import * as system from './schema/system.ts';

/** Our own tables in `backup_system`, through Drizzle. For short statements only: work that holds a session has its own (`connect.ts`). */
export type Records = NodePgDatabase<typeof system>;

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
  const { pool, close } = openPool(url, {
    connections: options.connections ?? 10,
    applicationName: options.applicationName ?? 'palace-backup records',
  });
  return { records: drizzle(pool, { schema: system }), close };
}
