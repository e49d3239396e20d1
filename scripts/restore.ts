import { openSession } from '../db/connect.ts';
import { type Archive, openArchive } from '../server/archive/reader.ts';
import { runOperation } from '../server/jobs/operations.ts';
import { maskDatabaseUrl } from '../server/mask-url.ts';
import { type RestoreResult, restoreArchive } from '../server/restore/restore.ts';
import { type Command, runCommand } from './cli.ts';
import {
  ARCHIVE_ARGUMENT,
  both,
  commandActor,
  composeStorage,
  configFor,
  openChosen,
  openDatabase,
  operationDeps,
  settingsHelp,
} from './compose.ts';
import { confirmDatabaseName } from './confirm.ts';
import { formatColumns, formatCount, formatCounted, formatDuration, formatMoment, printable } from './format.ts';

const flags = {
  into: { kind: 'text', value: 'URL', help: 'another database than that of the settings' },
  tables: { kind: 'list', value: 'a,b', help: 'only these tables' },
  yes: { kind: 'switch', short: 'y', help: 'do not ask for the name of the database first' },
  jobs: { kind: 'number', value: 'N', min: 1, max: 64, help: 'connections that load at once' },
  wait: { kind: 'switch', help: 'wait while another operation runs, instead of stopping with exit code 6' },
} as const;

const command: Command<typeof flags> = {
  name: 'restore',
  summary: 'Makes tables what they were at the time of a backup: all of it in one transaction, or nothing.',
  flags,
  positional: ARCHIVE_ARGUMENT,
  settings: settingsHelp(
    'DATABASE_URL',
    'DATABASE_DIRECT_URL',
    'BACKUP_DIR',
    'BACKUP_JOBS',
    'LOCK_TIMEOUT_MS',
    'LOCK_GIVE_UP_MS',
  ),
  examples: [
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c',
      does: 'asks for the name of the database first',
    },
    {
      line: 'bun run scripts/restore.ts /mnt/usb/backup.zip --into postgres://me:secret@db/copy --yes',
      does: 'into another database, unasked',
    },
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c --tables loans,loan_repayments',
      does: 'two tables; the others stay as they are',
    },
  ],
  async run({ values, positional, env, signal, onProgress, note, detail }) {
    const config = configFor(env, values);
    const storage = composeStorage(config);
    await using chosen = await openChosen(storage, positional);
    const archive = await openArchive(chosen.source, { signal });
    await using database = await openDatabase(config);
    detail(`reading ${chosen.label}, digest ${archive.digest}; database ${maskDatabaseUrl(database.url)}`);
    if (!values.yes) await confirm(database.url, chosen.label, archive, values.tables, signal);

    const actor = commandActor(env);
    const input = { ...(values.tables && { tables: values.tables }), jobs: config.backupJobs };
    const operations = operationDeps(database.url, note);
    const result = await runOperation(
      operations,
      {
        kind: 'restore',
        actor,
        parameters: { ...input, archive: chosen.label, digest: archive.digest },
        wait: values.wait,
      },
      signal,
      async ({ receipt, signal: alive, nameArchive, report }) => {
        if (chosen.storedName !== null) await nameArchive(chosen.storedName);
        const { databaseUrl, now, pause } = operations;
        const deps = {
          databaseUrl,
          now,
          pause,
          source: chosen.source,
          receipt,
          lockTryMs: config.lockTimeoutMs,
          lockGiveUpMs: config.lockGiveUpMs,
        };
        return restoreArchive(deps, input, { signal: alive, onProgress: both(onProgress, report) });
      },
    );
    return { data: result, lines: describe(result, chosen.label), warnings: result.warnings };
  },
};

/** The server is asked: a connection string need not hold the name. */
async function databaseName(url: string, signal: AbortSignal): Promise<string> {
  await using session = await openSession(url, { applicationName: 'palace-backup restore confirm', signal });
  const [row] = await session.query<{ name: string }>('SELECT current_database() AS name');
  return row?.name ?? '';
}

async function confirm(
  url: string,
  label: string,
  archive: Archive,
  tables: string[] | undefined,
  signal: AbortSignal,
): Promise<void> {
  const database = await databaseName(url, signal);
  const { metadata } = archive.manifest;
  const which = tables ? `of ${tables.join(', ')}` : `of ${formatCounted(archive.manifest.tables.length, 'table')}`;
  await confirmDatabaseName({
    database,
    warning: [
      `This replaces every row ${which} in the database ${database} (${maskDatabaseUrl(url)})`,
      `by those of ${label}: ${formatCounted(metadata.totalRecords, 'row')} as of ${formatMoment(metadata.timestamp)}, backed up by ${metadata.createdBy}.`,
      'What was changed since then is lost. To keep it, stop here and run `bun run scripts/backup.ts` first.',
    ],
    signal,
  });
}

function describe(result: RestoreResult, label: string): string[] {
  return [
    `Restored ${label}: ${formatCounted(result.restoredRecords, 'row')} in ${formatDuration(result.durationMs)}, tables locked for ${formatDuration(result.lockedMs)}`,
    `  operation ${result.operationId}`,
    ...formatColumns(
      Object.entries(result.tables).map(([table, rows]) => [`  ${printable(table)}`, formatCount(rows)]),
      'lr',
    ),
  ];
}

if (import.meta.main) await runCommand(command);
