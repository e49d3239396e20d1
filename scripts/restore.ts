import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { openSession } from '../db/connect/session.ts';
import { shortName } from '../db/model/model.ts';
import { pickTables } from '../db/model/pick.ts';
import { compareOrigin, type Origin, originInUrl, originOf, originText } from '../server/archive/manifest/origin.ts';
import { type Archive, openArchive } from '../server/archive/reader.ts';
import { APPLICATION } from '../server/core/application.ts';
import type { ByteSource } from '../server/core/bytes.ts';
import { AppError } from '../server/core/errors.ts';
import type { JsonDocument } from '../server/document/file-kind.ts';
import { peekMetadata } from '../server/document/read.ts';
import { type Operation, runOperation } from '../server/jobs/operations.ts';
import { compare, type ReadArchive, restore, type VerbOptions } from '../server/jobs/verbs.ts';
import { acceptJson } from '../server/library/accept/accept-document.ts';
import type { AdministratorChanges } from '../server/library/administrators/administrators-from-elsewhere.ts';
import { documentFacts } from '../server/library/list-documents.ts';
import { notingDamage } from '../server/library/mark-checked.ts';
import { readIdentity } from '../server/postgres/catalog/identity.ts';
import type { Config } from '../server/process/config.ts';
import { composeSchema } from '../server/process/schema.ts';
import type { RestoreResult } from '../server/restore/restore.ts';
import { createScratch } from '../server/storage/scratch.ts';
import type { Storage } from '../server/storage/storage.ts';
import {
  ADMINISTRATORS_FLAG,
  administratorLines,
  namedAdministrators,
  readAdministrators,
  refuseUnasked,
} from './command/administrators.ts';
import { BACKUP_ARGUMENT, type ChosenBackup, openChosen, storageOf } from './command/chosen.ts';
import { type Command, runCommand } from './command/cli.ts';
import {
  both,
  commandActor,
  composeStorage,
  configFor,
  DEMO_FLAG,
  openDatabase,
  operationDeps,
  settingsHelp,
  WAIT_FLAG,
} from './command/compose.ts';
import { confirmName } from './command/confirm.ts';
import {
  formatColumns,
  formatCount,
  formatCounted,
  formatDuration,
  formatMoment,
  printable,
} from './command/format.ts';
import { planLines } from './command/plan-lines.ts';

const flags = {
  into: { kind: 'text', value: 'URL', help: 'another database than that of the settings' },
  demo: DEMO_FLAG,
  tables: { kind: 'list', value: 'a,b', help: 'only these tables' },
  'keep-broken-rules': {
    kind: 'switch',
    help: 'put constraints that rows of the backup break back as NOT VALID, and name those rows by key',
  },
  plan: {
    kind: 'switch',
    help: 'say how many rows come back, change and disappear, and change nothing; exit code 7 when a right, the schema or another obstacle stops the restore; foreign keys and checks are tried by the restore itself',
  },
  yes: { kind: 'switch', short: 'y', help: 'do not ask for the name of the database first' },
  'change-administrators': ADMINISTRATORS_FLAG,
  jobs: { kind: 'number', value: 'N', min: 1, max: 64, help: 'connections that load at once' },
  wait: WAIT_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'restore',
  summary: 'Makes tables what they were at the time of a backup: all of it in one transaction, or nothing.',
  flags,
  positional: BACKUP_ARGUMENT,
  settings: settingsHelp(
    'DATABASE_URL',
    'DATABASE_DIRECT_URL',
    'DATABASE_URL_FILE',
    'BACKUP_DIR',
    'BACKUP_SCHEMA',
    'BACKUP_CASING',
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
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c --plan',
      does: 'what it would change, table by table; changes nothing',
    },
    {
      line: 'bun run scripts/restore.ts /mnt/usb/backup.zip --into postgres://me:secret@db/copy --yes',
      does: 'into another database, unasked; --change-administrators besides where others may sign in there',
    },
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c --tables loans,loan_repayments',
      does: 'two tables; the others stay as they are',
    },
    {
      line: 'bun run scripts/restore.ts backup_2026-11-23_1f2e3d4c.zip',
      does: 'a backup the HRMS made itself: its ZIP, or the JSON in it, gzipped or not',
    },
  ],
  async run({ values, positional, env, signal, onProgress, note, detail }) {
    if (values.plan) refuseForPlan(values);
    const config = configFor(env, values);
    const storage = composeStorage(config);
    await using chosen = await openChosen(storage, positional, { env, signal });
    const { document } = chosen;
    const archive = document ? null : await openNoting(storage, chosen, signal);
    const facts = archive ? factsOf(archive, values.tables) : await readDocumentFacts(document, values.tables, signal);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    detail(
      `reading ${chosen.label}, ${archive ? `digest ${archive.digest}` : `a BackupData document (${document?.kind})`}; database ${maskDatabaseUrl(database.url)}`,
    );
    const target = await readTarget(database.url, signal);
    const origin = describeOrigin(facts.from, target);
    const noted = { storage, name: chosen.storedName, now: () => new Date() };
    const allowed = values['change-administrators'];
    const administratorsOf = (opens: Pick<Storage, 'open'>, stored: { storage: Storage; name: string } | null) =>
      readAdministrators({ opens, stored, tables: values.tables, target, url: database.url, allowed }, signal);
    const question = { target, keepBy: keepBy(values), signal };
    const told = [...(origin === null ? [] : [origin])];
    let administrators: AdministratorChanges = { changes: [], hasAdministrators: false };
    if (archive) {
      const stored = chosen.storedName === null ? null : { storage, name: chosen.storedName };
      administrators = await notingDamage(noted, () => administratorsOf(storageOf(chosen), stored));
      told.push(...administratorLines(administrators));
    }
    if (values.plan) for (const line of told) note(line);
    else if (!values.yes) await confirm(database.url, chosen.label, facts, { ...question, told });
    else {
      refuseUnasked(administrators, chosen.label, allowed);
      for (const line of told) note(line);
    }

    const actor = commandActor(env);
    const input = {
      ...(values.tables && { tables: values.tables }),
      ...(values['keep-broken-rules'] && { keepBrokenRules: true }),
      jobs: config.backupJobs,
    };
    const operations = operationDeps(database.url, note);
    const work = async <Result extends object>(kind: 'restore' | 'plan', verb: Verb<Result>): Promise<Result> =>
      await runOperation(
        operations,
        {
          kind,
          actor,
          parameters: {
            ...input,
            archive: chosen.label,
            ...(archive ? { digest: archive.digest } : { document: document?.kind }),
            ...(administrators.changes.length > 0 && { administrators: namedAdministrators(administrators) }),
          },
          wait: values.wait,
        },
        signal,
        async (operation) => {
          const { id, receipt, signal: alive, nameArchive, addParameters, report } = operation;
          if (chosen.storedName !== null) await nameArchive(chosen.storedName);
          const { databaseUrl, now, pause } = operations;
          const run = { signal: alive, onProgress: both(onProgress, report) };
          const deps = {
            databaseUrl,
            now,
            pause,
            lockTryMs: config.lockTimeoutMs,
            lockGiveUpMs: config.lockGiveUpMs,
          };
          const from = (source: ByteSource, name: string | null) =>
            verb(operation, { storage, name, source }, deps, input, run);
          if (!document) return await from(chosen.source, chosen.storedName);
          // The document is converted into an archive first, so that its rows are checked and loaded like any others.
          await using scratch = createScratch(config.backupDir, storage);
          await using object = await scratch.create(SCRATCH_NAME);
          const accepted = await acceptJson(
            {
              databaseUrl,
              now,
              newId: operations.newId,
              model: (await composeSchema(config, alive)).model,
              application: APPLICATION,
              lockGiveUpMs: config.lockGiveUpMs,
              begin: receipt.begin,
            },
            { document, label: chosen.label, sink: object, operationId: id, acceptedBy: actor, ...packing(config) },
            run,
          );
          await object.commit();
          const found = await administratorsOf(scratch, null);
          const lines = administratorLines(found);
          if (values.yes || values.plan) {
            if (values.yes) refuseUnasked(found, chosen.label, allowed);
            for (const line of lines) note(line);
          } else if (lines.length > 0)
            await confirm(database.url, chosen.label, facts, { ...question, told: lines, signal: alive });
          if (found.changes.length > 0) await addParameters({ administrators: namedAdministrators(found) });
          await using source = await scratch.open(SCRATCH_NAME);
          const done = await from(source, null);
          return { ...done, warnings: [...accepted.warnings, ...done.warnings] };
        },
      );
    if (values.plan) {
      const found = await work('plan', compare);
      return {
        data: found,
        lines: planLines(found, chosen.label, target.database),
        warnings: found.warnings,
        ...(found.stops.length > 0 && { exitCode: 7 as const }),
      };
    }
    const result = await work('restore', restore);
    return { data: result, lines: describe(result, chosen.label), warnings: result.warnings };
  },
};

/** A restore, or the comparison that shows what it would do: both take the same archive, connections and tables. */
type Verb<Result> = (
  operation: Operation,
  archive: ReadArchive,
  deps: Parameters<typeof restore>[2],
  input: Parameters<typeof restore>[3],
  run: Pick<VerbOptions, 'onProgress'>,
) => Promise<Result & { warnings: string[] }>;

/** Throws USAGE for flags that only mean something to a restore that changes rows. */
function refuseForPlan(values: Record<(typeof CHANGING)[number], boolean>): void {
  const given = CHANGING.filter((flag) => values[flag]);
  if (given.length === 0) return;
  throw new AppError(
    'USAGE',
    `--plan changes nothing, so ${given.map((flag) => `--${flag}`).join(' and ')} cannot be meant.`,
    {
      hint: 'Look at the plan first; then run it again without --plan.',
    },
  );
}

const CHANGING = ['yes', 'keep-broken-rules', 'change-administrators'] as const;

/** Opens the archive. Notes damage that prevents it in the sidecar of a stored archive, like any other damage. */
function openNoting(storage: Storage, { source, storedName }: ChosenBackup, signal: AbortSignal): Promise<Archive> {
  return notingDamage({ storage, name: storedName, now: () => new Date() }, () => openArchive(source, { signal }));
}

const SCRATCH_NAME = 'accepted.zip';

/** Returns the fastest compression: the archive lives for minutes. */
function packing(config: Config): { compression: 'deflate' | 'zstd'; level?: number } {
  return { compression: config.backupCompression, level: 1 };
}

/** Facts about the rows to restore, as shown to a person. */
interface BackupFacts {
  /** The chosen tables in words. */
  tables: string;
  /** Rows of the chosen tables. */
  rows: number | null;
  timestamp: string | null;
  createdBy: string | null;
  from: Origin;
}

/** Returns the facts of an archive. Throws UNKNOWN_TABLE for a chosen table that the backup does not hold. */
function factsOf({ manifest }: Archive, chosen: string[] | undefined): BackupFacts {
  const { metadata } = manifest;
  const tables = chosen ? pickTables(manifest.tables, chosen, 'The backup') : manifest.tables;
  return {
    tables: chosen ? tables.map(shortName).join(', ') : formatCounted(tables.length, 'table'),
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    timestamp: metadata.timestamp,
    createdBy: metadata.createdBy,
    from: originOf(manifest),
  };
}

/** Returns only what the document states itself: it is read as a whole after the question. */
async function readDocumentFacts(
  document: JsonDocument | null,
  chosen: string[] | undefined,
  signal: AbortSignal,
): Promise<BackupFacts> {
  const metadata = document ? await peekMetadata(document.bytes(signal)) : {};
  const { rows, timestamp, createdBy } = documentFacts(metadata);
  return {
    tables: chosen ? chosen.join(', ') : 'every table it holds',
    rows: chosen ? null : rows,
    timestamp,
    createdBy,
    from: originInUrl(typeof metadata.databaseUrl === 'string' ? metadata.databaseUrl : ''),
  };
}

/** Asks the server for the database's name, since a connection string need not hold it. */
async function readTarget(url: string, signal: AbortSignal): Promise<Origin & { database: string }> {
  await using session = await openSession(url, { applicationName: 'palace-backup restore confirm', signal });
  const { database, systemIdentifier } = await readIdentity(session);
  return { host: originInUrl(maskDatabaseUrl(url)).host, database, systemIdentifier: systemIdentifier ?? null };
}

/** Returns the command that backs up the very database that is about to change. */
function keepBy({ demo, into }: { demo: boolean; into?: string | undefined }): string {
  const script = 'bun run scripts/backup.ts';
  return demo ? `${script} --demo` : into === undefined ? script : `DATABASE_URL=(what --into says) ${script}`;
}

/** Says that a backup was made of another database than the one it goes into; null when it was made of this one. */
function describeOrigin(from: Origin, target: Origin): string | null {
  const compared = compareOrigin(from, target);
  if (compared === 'same') return null;
  const [made, here] = [originText(from), originText(target)];
  if (made === null) return 'This backup does not say which database it was made of.';
  if (compared === 'unknown') return `This backup was made of ${made}; whether that is ${here} cannot be told.`;
  // Same name, same address, but another server: only its identifier shows that.
  const [one, other] = made === here ? [from, target].map((each) => originText({ ...each, host: null })) : [made, here];
  return `This backup was made of ANOTHER database: ${one}. It goes into ${other}.`;
}

async function confirm(
  url: string,
  label: string,
  { tables, rows, timestamp, createdBy }: BackupFacts,
  {
    target,
    told,
    keepBy,
    signal,
  }: { target: { database: string }; told: string[]; keepBy: string; signal: AbortSignal },
): Promise<void> {
  const { database } = target;
  const counted = rows === null ? 'rows it does not count' : formatCounted(rows, 'row');
  const moment = timestamp === null ? 'of a time it does not say' : `as of ${formatMoment(timestamp)}`;
  const by = createdBy === null ? '' : `, backed up by ${createdBy}`;
  await confirmName({
    name: database,
    question: {
      what: 'the database',
      becomes: 'overwritten',
      work: 'The restore',
      unchanged: 'Nothing was changed.',
    },
    otherwise: 'look at --into when another database is meant.',
    warning: [
      ...told,
      `This replaces every row of ${tables} in the database ${database} (${maskDatabaseUrl(url)})`,
      `by those of ${label}: ${counted} ${moment}${by}.`,
      `What was changed since then is lost. To keep it, stop here and make a backup of this database first: ${keepBy}`,
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
