import { amountText, bytesText, countText, durationText } from '../lib/format.ts';

/** The texts of the status page, loaded with it. */
export const statusWords = {
  title: 'Status',
  lead: 'The health of this server and of everything it needs. Checked every minute.',
  copy: 'Copy report',
  copied: 'Report copied. It contains no secrets.',
  allWell: 'Everything works.',
  allKnown: 'No problems, as far as can be checked.',
  some: (bad: number, warn: number) => {
    const attention = `${amountText(warn, 'thing')} ${warn === 1 ? 'needs' : 'need'} attention`;
    return `${[bad > 0 && amountText(bad, 'problem'), warn > 0 && attention].filter(Boolean).join(', ')}.`;
  },
  checks: 'Checks',
  states: { good: 'Good', warn: 'Attention', bad: 'Problem', unknown: 'Unknown' },
  notAsked: 'This could not be checked.',

  database: 'Database',
  databaseGood: (version: string, size: number) => `PostgreSQL ${version} answers. Size: ${bytesText(size)}.`,
  databaseBad: 'The database does not answer.',
  schema: 'Tables',
  schemaGood: (tables: number) => `All ${amountText(tables, 'protected table')} exist, and there are no unknown ones.`,
  schemaMissing: (names: string) => `Tables that belong in every backup are missing from the database: ${names}.`,
  schemaMissingHint: 'Run the migrations of the application. Until then no backup of all tables can be created.',
  schemaEmptied: (tables: number) =>
    `${amountText(tables, 'table')} that recently held rows ${tables === 1 ? 'is' : 'are'} empty.`,
  schemaUnknown: (names: string) => `In no backup, because they are neither protected nor left out: ${names}.`,
  schemaUnknownHint: 'Add them to the Drizzle schema, or leave them out on purpose with BACKUP_EXCLUDE.',
  schemaRowsOf: (table: string) => `rows of ${table}`,
  schemaLeftOut: (names: string) => `Left out on purpose: ${names}.`,
  migrations: 'Palace Backup’s own tables',
  migrationsStates: {
    newest: 'Up to date.',
    older: 'Older than this program.',
    newer: 'Newer than this program: a newer version has run here.',
  },
  migrationsOlderHint: 'Run “bun run scripts/migrate.ts” on the server.',
  migrationsNewerHint: 'Update this server, too.',
  worker: 'Worker',
  workerIdle: 'Connected; nothing is waiting.',
  workerBusy: (running: number, queued: number) =>
    `Connected: ${amountText(running, 'operation')} running, ${countText(queued)} waiting.`,
  workerGone: (queued: number) =>
    queued > 0
      ? `No worker is connected; ${amountText(queued, 'operation')} ${queued === 1 ? 'waits' : 'wait'} for one.`
      : 'No worker is connected. New operations would wait.',
  workerGoneHint:
    'Start the server with ROLE=all, or a separate worker with ROLE=worker. If one stopped, its log says why.',
  workerStuck: (ms: number) => `An operation has been waiting for ${durationText(ms)}.`,
  workerStuckHint: 'Another operation may be running, or a table is locked. See Operations.',
  storage: 'Storage',
  storageGood: (backups: number, used: number, free: number | null) =>
    `Writable. ${amountText(backups, 'backup')}, ${bytesText(used)}${free === null ? '' : `; ${bytesText(free)} free`}.`,
  storageNotWritable: 'Backups cannot be written there.',
  storageBad: 'The storage cannot be read.',
  backup: 'Last good backup',
  backupGood: (name: string, ago: string, rows: number) => `${name}, ${ago}, ${amountText(rows, 'row')}.`,
  backupNone: 'There is no backup that can be restored.',
  failure: 'Last failure',
  failureNone: 'None on record.',
  failureOld: (kind: string, ago: string, message: string) => `${kind}, ${ago}: ${message}`,
  connection: 'Connection',
  connectionGood: 'Encrypted, and the cookie is only sent over HTTPS.',
  connectionMixed: 'This page is encrypted, but the cookie would also be sent unencrypted.',
  connectionMixedHint: 'Set PUBLIC_URL to the https address, or NODE_ENV=production.',
  connectionLocal: 'Not encrypted, which is fine: the server is this computer.',
  connectionBad: 'Not encrypted: passwords and backups can be read on the way.',
  connectionBadHint: 'Set TLS_CERT and TLS_KEY, or put an HTTPS proxy in front and name it in TRUSTED_PROXIES.',
  clock: 'Clocks',
  clockGood: 'This computer and the server agree.',
  clockOff: (ms: number) =>
    `This computer is ${durationText(Math.abs(ms))} ${ms > 0 ? 'behind' : 'ahead of'} the server.`,
  clockHint: 'Synchronize both with a time server. Times shown here, and how long links work, depend on it.',

  versions: 'Versions',
  program: 'Palace Backup',
  runtime: 'Runtime',
  server: 'Database server',
  address: 'Database address',
  memory: 'Memory of the server',
  workerMemory: 'Memory of the worker',
  memoryOf: (used: string, most: string) => `${used} of at most ${most}`,
  name: 'Database',
  since: 'Running since',
  browser: 'Browser',
  tables: 'Protected tables',
  tablesLead: 'Estimated by the database. Sizes do not include indexes.',
  tablesCaption: 'Protected tables with about how many rows and bytes each has',
  table: 'Table',
  rows: 'Rows (about)',
  size: 'Size (about)',
  total: 'Total',
  notCounted: 'not counted yet',
  troubles: 'What could not be checked',
  recommended: 'Recommended',
};
