import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { openTransaction } from '../db/connect/working-session.ts';
import { levelFault } from '../server/archive/codec.ts';
import { checkEnvironment, type EnvironmentReport, type Finding } from '../server/backup/checks/check.ts';
import type { BackupInput, BackupResult } from '../server/backup/create.ts';
import { readExclusions } from '../server/backup/exclusions.ts';
import { archiveName, checkChosenName, documentName } from '../server/backup/file-name.ts';
import { APPLICATION } from '../server/core/application.ts';
import { AppError, unexpected } from '../server/core/errors.ts';
import { gateBusy } from '../server/jobs/gate.ts';
import { runOperation } from '../server/jobs/operations.ts';
import { findDeadStaging } from '../server/jobs/queue/sweep.ts';
import { backUp } from '../server/jobs/verbs.ts';
import { storeJson } from '../server/library/accept/store-document.ts';
import { composeSchema } from '../server/process/schema.ts';
import { createScratch } from '../server/storage/scratch.ts';
import type { Storage } from '../server/storage/storage.ts';
import { type Command, type Outcome, runCommand } from './command/cli.ts';
import {
  both,
  commandActor,
  composeStorage,
  configFor,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  jobsFlag,
  openDatabase,
  operationDeps,
  outputFlag,
  SCHEMA_SETTINGS,
  settingsHelp,
  TABLES_FLAG,
  WAIT_FLAG,
} from './command/compose.ts';
import { formatColumns, formatCount, formatCounted, formatDuration, formatSize, printable } from './command/format.ts';

const flags = {
  output: outputFlag('the backup'),
  name: { kind: 'text', value: 'NAME', help: 'the file’s name; made from the time when absent' },
  tables: TABLES_FLAG,
  format: {
    kind: 'choice',
    choices: ['archive', 'json'],
    help: 'archive when absent; json is one BackupData document, for other programs',
  },
  compression: {
    kind: 'choice',
    choices: ['deflate', 'zstd'],
    help: 'deflate opens anywhere, zstd is faster and smaller',
  },
  level: { kind: 'number', value: 'N', min: 0, max: 19, help: 'deflate 0 to 9, zstd 1 to 19' },
  jobs: jobsFlag('copy'),
  strict: {
    kind: 'switch',
    help: 'refuse when not everything would be in the backup, or columns are not in the schema',
  },
  'strict-exit': { kind: 'switch', help: 'exit with code 8 when not everything is in the backup' },
  'no-verify': { kind: 'switch', help: 'do not read the stored archive back' },
  wait: WAIT_FLAG,
  demo: DEMO_FLAG,
  check: {
    kind: 'switch',
    help: 'make no backup; check database, rights, folder and space, and what a restore would meet',
  },
} as const;

export const command: Command<typeof flags> = {
  name: 'backup',
  summary: 'Makes a backup of every protected table, as of one moment, and reads it back.',
  flags,
  settings: settingsHelp(
    ...DATABASE_SETTINGS,
    'BACKUP_DIR',
    ...SCHEMA_SETTINGS,
    'BACKUP_JOBS',
    'BACKUP_COMPRESSION',
    'BACKUP_LEVEL',
    'BACKUP_EXCLUDE',
    'BACKUP_STRICT_EXIT',
    'LOCK_GIVE_UP_MS',
  ),
  examples: [
    { line: 'bun run scripts/backup.ts', does: 'into BACKUP_DIR, under a name made from the time' },
    { line: 'bun run scripts/backup.ts --check', does: 'what would be in the way of a backup' },
    { line: 'bun run scripts/backup.ts -o /mnt/usb --compression zstd', does: 'faster and smaller, elsewhere' },
    { line: 'bun run scripts/backup.ts --format json --name payroll', does: 'one JSON document, payroll.json' },
    {
      line: 'bun run scripts/backup.ts --silent --wait 30m',
      does: 'for every night: prints only what is wrong or missing; README.md has the line for cron',
    },
  ],
  async run({ values, env, signal, onProgress, note, detail }) {
    const asJson = values.format === 'json';
    if (asJson) refusePacking(values);
    if (values.name !== undefined)
      checkChosenName(
        values.name,
        asJson ? 'document' : 'archive',
        asJson
          ? 'for an archive, do that and leave --format json out.'
          : 'for a document, do that and add --format json.',
      );
    refuseLevel(values.level, values.compression ?? (env.BACKUP_COMPRESSION?.trim() === 'zstd' ? 'zstd' : 'deflate'));
    const { model, config } = await composeSchema(configFor(env, values), signal);
    let databaseUrl: string | null = null;
    const storage = composeStorage(config, () => databaseUrl);
    const exclusions = await readExclusions(config.backupExclude);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    databaseUrl = database.url;
    detail(
      `database ${maskDatabaseUrl(database.url)}, ${formatCounted(model.tables.length, 'table')} protected, backups in ${storage.label}`,
    );

    if (values.check) {
      const { tables, name, wait } = values;
      const checked = { databaseUrl: database.url, storage, model, exclusions, ...(tables && { tables }) };
      const report = await checkEnvironment(checked, signal);
      const more = [
        ...(name ? [await checkName(storage, asJson ? documentName(name) : archiveName(name, new Date(), ''))] : []),
        ...(await checkOthers(database.url, wait === false, signal)),
      ];
      const findings = [...report.findings, ...more];
      return describeCheck({ ...report, findings, ok: report.ok && more.every(({ ok }) => ok) }, values.strict);
    }

    if (asJson && values.name) await refuseTaken(storage, documentName(values.name));
    const input: BackupInput = {
      ...(values.tables && { tables: values.tables }),
      ...(values.name && { name: values.name.replace(/\.json$/i, '') }),
      ...(config.backupLevel !== null && { level: config.backupLevel }),
      compression: config.backupCompression,
      jobs: config.backupJobs,
      strict: values.strict,
      verify: !values['no-verify'],
      createdBy: commandActor(env),
    };
    const result = await runOperation(
      operationDeps(database.url, note),
      {
        kind: 'backup',
        actor: input.createdBy,
        parameters: { ...input, storage: storage.label, ...(asJson && { format: 'json' }) },
        wait: values.wait,
      },
      signal,
      async (operation) => {
        const swept = await storage.sweep();
        if (swept.length > 0) detail(`removed what an earlier backup left: ${swept.join(', ')}`);
        const deps = {
          databaseUrl: database.url,
          storage,
          model,
          now: () => new Date(),
          application: APPLICATION,
          lockGiveUpMs: config.lockGiveUpMs,
          exclusions,
        };
        const told = { onProgress: both(onProgress, operation.report) };
        if (!asJson) return await backUp(operation, deps, input, told);
        // The archive that the document is made from is on disk for a while, but never under a name.
        await using scratch = createScratch(config.backupDir, storage);
        const through = { ...told, namesArchive: false };
        const made = await backUp(operation, { ...deps, storage: scratch }, input, through);
        return {
          ...made,
          ...(await storeJson(
            scratch,
            storage,
            { archive: made.fileName, document: documentName(made.fileName) },
            operation.signal,
          )),
        };
      },
    );
    return {
      data: result,
      lines: describeBackup(result),
      warnings: result.warnings,
      wrong: result.wrong,
      ...(result.outcome === 'partial' && (values['strict-exit'] || config.strictExit) && { exitCode: 8 as const }),
    };
  },
};

/** Throws now rather than after the backup when the name is taken; the commit decides. */
async function refuseTaken(storage: Storage, name: string): Promise<void> {
  const pending = await storage.create(name);
  await pending.abort();
}

/** Checks whether a backup could have the name it would get. */
async function checkName(storage: Storage, name: string): Promise<Finding> {
  return await refuseTaken(storage, name).then(
    () => ({ check: 'name' as const, ok: true, message: `${name} is free` }),
    (error: unknown) => findingOf('name', error),
  );
}

/**
 * Checks whether a backup would be admitted now, and what dead restores left. A database that cannot be queried is a finding of its own.
 */
async function checkOthers(url: string, demandsGate: boolean, signal: AbortSignal): Promise<Finding[]> {
  try {
    await using session = await openTransaction(url, { applicationName: 'palace-backup check', signal });
    const busy = demandsGate ? await gateBusy(session, 'shared') : null;
    const left = await findDeadStaging(session, new Date());
    return [
      ...(busy ? [findingOf('busy', busy)] : []),
      ...(demandsGate && !busy ? [{ check: 'busy' as const, ok: true, message: 'no restore is under way' }] : []),
      ...(left.length === 0 ? [] : [describeLeft(left)]),
    ];
  } catch (error) {
    if (signal.aborted) throw error;
    return [];
  }
}

function describeLeft(schemas: string[]): Finding {
  const named = schemas.slice(0, NAMED_TABLES).join(', ');
  const more = schemas.length > NAMED_TABLES ? ` and ${formatCount(schemas.length - NAMED_TABLES)} more` : '';
  const what = schemas.length === 1 ? 'the schema of a restore that died is' : 'schemas of restores that died are';
  return {
    check: 'leftovers',
    ok: true,
    message: `note: ${what} still there: ${named}${more}; the next operation removes ${schemas.length === 1 ? 'it' : 'them'}`,
  };
}

function findingOf(check: Finding['check'], error: unknown): Finding {
  const { code, message, hint } = error instanceof AppError ? error : unexpected(error);
  return { check, ok: false, code, message, ...(hint && { hint }) };
}

/** Throws USAGE for compression flags with a document, which is not compressed. */
function refusePacking(values: { compression?: string | undefined; level?: number | undefined }): void {
  for (const flag of ['compression', 'level'] as const)
    if (values[flag] !== undefined)
      throw new AppError('USAGE', `--${flag} is not for --format json: a document is not compressed.`, {
        hint: `Leave --${flag} out, or make an archive.`,
      });
}

/** Throws USAGE for a level outside the method's range; the method may come from the settings. */
function refuseLevel(level: number | undefined, compression: 'deflate' | 'zstd'): void {
  const fault = level === undefined ? null : levelFault(compression, level);
  if (fault === null) return;
  throw new AppError('USAGE', `--level ${fault}.`, {
    hint:
      compression === 'zstd'
        ? 'Level 0, which compresses nothing, belongs to --compression deflate.'
        : 'Higher levels belong to --compression zstd.',
  });
}

/** Formats the findings. Those that only concern a restore, or that only --strict refuses, are shown but do not count. */
function describeCheck(report: EnvironmentReport, strict: boolean): Outcome {
  const counts = (finding: Finding) =>
    !finding.ok && finding.restore === undefined && (strict || finding.check !== 'unknown');
  const lines = report.findings.flatMap((finding) => {
    const mark = finding.ok ? 'ok  ' : counts(finding) ? 'FAIL' : finding.restore === 'stops' ? 'STOP' : 'note';
    return [
      `${mark}  ${finding.check}: ${printable(finding.message)}`,
      ...(finding.hint && !finding.ok ? [`      ${printable(finding.hint)}`] : []),
    ];
  });
  const failures = report.findings.filter(counts);
  const [first] = failures;
  if (!first) return { data: report, lines: [...lines, `A backup would go through. ${restoreVerdict(report)}`] };
  throw new AppError(
    first.code ?? 'UNEXPECTED',
    [`${formatCounted(failures.length, 'thing stands', 'things stand')} in the way of a backup.`, ...lines].join('\n'),
    {
      details: { ...report },
    },
  );
}

function restoreVerdict({ restorable, findings }: EnvironmentReport): string {
  const stops = findings.filter((finding) => !finding.ok && finding.restore === 'stops');
  if (!restorable)
    return `A restore would not: ${formatCounted(stops.length, 'thing')}, see ${stops.length === 1 ? 'the line' : 'the lines'} with STOP.`;
  // The space on the database server is always named.
  const uncertain = findings.filter((finding) => finding.restore === 'may' && finding.check !== 'restore space');
  if (uncertain.length === 0) return 'So would a restore, as far as can be seen from here.';
  return `A restore may meet ${formatCounted(uncertain.length, 'thing')}, see above.`;
}

/** Number of objects named per reason for being left out; --json names all. */
const NAMED_TABLES = 3;

function describeBackup(result: BackupResult): string[] {
  const readBack = result.verifyMs === null ? 'not read back' : `read back in ${formatDuration(result.verifyMs)}`;
  return [
    `Backup ${result.fileName}`,
    `  ${formatCounted(result.totalRecords, 'row')}, ${formatSize(result.size)}, made in ${formatDuration(result.durationMs)}, ${readBack}`,
    `  stored as ${result.filePath}`,
    `  id ${result.backupId}, digest ${result.digest}`,
    ...formatColumns(
      Object.entries(result.tables).map(([table, rows]) => [`  ${printable(table)}`, formatCount(rows)]),
      'lr',
    ),
    ...describeUndeclared(result.unknown.sequences),
    ...describeLeftOut(result.leftOut),
    ...(result.outcome === 'partial'
      ? [
          `  NOT everything is in it: ${formatCounted(result.losses.length, 'thing is', 'things are')} missing, see the warnings`,
        ]
      : []),
  ];
}

function describeUndeclared(sequences: string[]): string[] {
  if (sequences.length === 0) return [];
  const named = sequences.slice(0, NAMED_TABLES).map(printable).join(', ');
  const more = sequences.length > NAMED_TABLES ? ` and ${formatCount(sequences.length - NAMED_TABLES)} more` : '';
  return [`  in it though not in the schema: ${formatCounted(sequences.length, 'sequence')} (${named}${more})`];
}

/** Returns one line per reason: our own schemas alone have some thirty tables. */
function describeLeftOut(leftOut: BackupResult['leftOut']): string[] {
  const byReason = Map.groupBy(leftOut, ({ reason }) => reason);
  return [...byReason].map(([reason, tables]) => {
    const names = tables.slice(0, NAMED_TABLES).map(({ table }) => printable(table));
    const more = tables.length > names.length ? ` and ${formatCount(tables.length - names.length)} more` : '';
    return `  left out: ${names.join(', ')}${more} (${printable(reason)})`;
  });
}

if (import.meta.main) await runCommand(command);
