import type { Status } from '../../api.ts';

/** The status of a server without any trouble. */
export const HEALTHY: Status = {
  version: '1',
  runtime: 'Bun',
  startedAt: '2026-11-23T11:00:00Z',
  secureCookies: true,
  databaseAddress: 'postgres://db/hrms',
  database: { name: 'hrms', version: '18', size: 1, tables: [] },
  schema: { missing: [], unknown: [], leftOut: [] },
  migrations: 'newest',
  queue: { worker: true, queued: 0, running: 0, waitingSince: null },
  memory: { answering: { bytes: 1, limitBytes: 2 }, worker: { bytes: 1, limitBytes: 2 } },
  storage: { freeBytes: 1, usedBytes: 1, backups: 1, writable: true },
  lastBackup: { fileName: 'a.zip', timestamp: '2026-11-23T10:00:00Z', rows: 1, outcome: 'success' },
  nextDue: '2026-01-03T00:00:00Z',
  lastFailure: null,
  recommendations: [],
  troubles: [],
};
