import { amountText, bytesText, countText, durationText } from './lib/format.ts';

/** What the page of the status says: loaded with it. */
export const statusWords = {
  title: 'Status',
  lead: 'How this server and what it needs are doing. Asked again every minute.',
  copy: 'Copy for a report',
  copied: 'The report is copied. It holds no secrets.',
  allWell: 'Everything works.',
  allKnown: 'Nothing is wrong, as far as it can be told.',
  some: (bad: number, warn: number) => {
    const attention = `${amountText(warn, 'thing')} ${warn === 1 ? 'needs' : 'need'} attention`;
    return `${[bad > 0 && amountText(bad, 'trouble'), warn > 0 && attention].filter(Boolean).join(', ')}.`;
  },
  checks: 'Checks',
  states: { good: 'Good', warn: 'Attention', bad: 'Trouble', unknown: 'Not known' },
  notAsked: 'It could not be asked.',

  database: 'Database',
  databaseGood: (version: string, size: number) => `PostgreSQL ${version} answers. All data in it: ${bytesText(size)}.`,
  databaseBad: 'It does not answer.',
  schema: 'Tables',
  schemaGood: (tables: number) => `All ${amountText(tables, 'protected table')} are there, and none is unknown.`,
  schemaMissing: (names: string) => `The database lacks tables that belong to every backup: ${names}.`,
  schemaMissingHint:
    'Bring the database up to date with its migrations. Until then no backup of all tables can be made.',
  schemaEmptied: (tables: number) =>
    `${amountText(tables, 'table')} that held rows a short while ago ${tables === 1 ? 'is' : 'are'} empty.`,
  schemaUnknown: (names: string) => `Not part of any backup, because nobody has decided about them: ${names}.`,
  schemaUnknownHint: 'Add them to the Drizzle schema, or leave them out on purpose with BACKUP_EXCLUDE.',
  schemaRowsOf: (table: string) => `rows of ${table}`,
  schemaLeftOut: (names: string) => `Left out on purpose: ${names}.`,
  migrations: 'Own tables',
  migrationsStates: {
    newest: 'Up to date.',
    older: 'Older than this program.',
    newer: 'Newer than this program: a newer version has been here.',
  },
  migrationsOlderHint: 'Run “bun run scripts/migrate.ts” on the server.',
  migrationsNewerHint: 'Update this server, too.',
  worker: 'Worker',
  workerIdle: 'It is there, and nothing waits.',
  workerBusy: (running: number, queued: number) =>
    `It is there: ${amountText(running, 'operation')} under way, ${countText(queued)} waiting.`,
  workerGone: (queued: number) =>
    queued > 0
      ? `No worker is connected; ${amountText(queued, 'operation')} ${queued === 1 ? 'waits' : 'wait'} for one.`
      : 'No worker is connected. What is asked for would wait.',
  workerGoneHint: 'Start the server with ROLE=all, or a worker beside it with ROLE=worker. Its log says why one ended.',
  workerStuck: (ms: number) => `An operation has been waiting for ${durationText(ms)}.`,
  workerStuckHint: 'Another one may be in its way, or a table is locked. Operations shows what runs.',
  storage: 'Storage',
  storageGood: (backups: number, used: number, free: number | null) =>
    `It can be written to. ${amountText(backups, 'backup')}, ${bytesText(used)}${free === null ? '' : `; ${bytesText(free)} free`}.`,
  storageNotWritable: 'No backup can be written there.',
  storageBad: 'It cannot be looked at.',
  backup: 'Last good backup',
  backupGood: (name: string, ago: string, rows: number) => `${name}, ${ago}, ${amountText(rows, 'row')}.`,
  backupNone: 'There is none that can be opened.',
  failure: 'Last failure',
  failureNone: 'None is on record.',
  failureOld: (kind: string, ago: string, message: string) => `${kind}, ${ago}: ${message}`,
  connection: 'Connection',
  connectionGood: 'Encrypted, and the cookie goes over HTTPS alone.',
  connectionMixed: 'This page is encrypted, but the cookie would also go without.',
  connectionMixedHint: 'Set PUBLIC_URL to the https address, or NODE_ENV=production.',
  connectionLocal: 'Not encrypted, and it need not be: this is the machine itself.',
  connectionBad: 'Not encrypted: whoever is between can read passwords and backups.',
  connectionBadHint: 'Set TLS_CERT and TLS_KEY, or put a proxy with HTTPS before it and name it in TRUSTED_PROXIES.',
  clock: 'Clocks',
  clockGood: 'This computer and the server agree.',
  clockOff: (ms: number) =>
    `This computer is ${durationText(Math.abs(ms))} ${ms > 0 ? 'behind' : 'ahead of'} the server.`,
  clockHint: 'Set both by a time server. Times shown here, and how long links count, follow them.',

  versions: 'Versions',
  program: 'Palace Backup',
  runtime: 'Runtime',
  server: 'Database server',
  address: 'Database address',
  name: 'Database',
  storagePlace: 'Storage place',
  since: 'Running since',
  browser: 'Browser',
  tables: 'Protected tables',
  tablesLead: 'As the database estimates them. Sizes are without indexes.',
  tablesCaption: 'Protected tables with about how many rows and bytes each has',
  table: 'Table',
  rows: 'Rows, about',
  size: 'Size, about',
  total: 'Together',
  notCounted: 'not counted yet',
  troubles: 'What could not be asked',
  recommended: 'Recommended',
};
