import { openArchive } from '../server/archive/reader.ts';
import { checkRows, type RowRuleReport } from '../server/backup/row-rules/check-rows.ts';
import { rowWarnings, rulesBroken, soundRows } from '../server/backup/row-rules/describe.ts';
import type { VerifyReport } from '../server/backup/verify.ts';
import type { ByteSource } from '../server/core/bytes.ts';
import { AppError } from '../server/core/errors.ts';
import type { OnProgress } from '../server/core/progress.ts';
import type { JsonDocument } from '../server/document/file-kind.ts';
import { peekMetadata } from '../server/document/read.ts';
import { surveyJson } from '../server/document/survey.ts';
import { verify } from '../server/jobs/verbs.ts';
import { documentFacts } from '../server/library/list-documents.ts';
import type { Config } from '../server/process/config.ts';
import { createScratch } from '../server/storage/scratch.ts';
import type { Storage } from '../server/storage/storage.ts';
import { BACKUP_ARGUMENT, type ChosenBackup, openChosen } from './command/chosen.ts';
import { type Command, type Outcome, runCommand } from './command/cli.ts';
import { composeStorage, configWithoutDatabase, settingsHelp } from './command/compose.ts';
import { formatCount, formatCounted, formatDuration, formatSize } from './command/format.ts';

const flags = {
  rows: {
    kind: 'switch',
    help: 'of an archive: check its rows against its primary, unique and foreign keys, too; needs room in BACKUP_DIR for the keys',
  },
} as const;

export const command: Command<typeof flags> = {
  name: 'verify',
  summary:
    'Reads every byte of a backup against its manifest and names each damaged table and chunk; of a BackupData document, whether it is whole. Needs no database.',
  flags,
  positional: BACKUP_ARGUMENT,
  settings: settingsHelp('BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/verify.ts backup_20261123T090804Z_1f2e3d4c', does: 'one of the stored backups' },
    {
      line: 'bun run scripts/verify.ts backup_20261123T090804Z_1f2e3d4c --rows',
      does: 'and whether its rows keep their keys and foreign keys',
    },
    { line: 'bun run scripts/verify.ts /mnt/usb/backup.zip --json', does: 'any file, for another program' },
  ],
  async run({ values, positional, env, signal, onProgress, detail }) {
    const config = configWithoutDatabase(env);
    const storage = composeStorage(config);
    await using archive = await openChosen(storage, positional, { env, signal });
    detail(`reading ${archive.label}, ${formatSize(archive.source.size)}`);
    if (archive.document) return await verifyDocument(archive, archive.document, values.rows, { signal, onProgress });
    const { durationMs, warnings, ...report } = await verify(
      { storage, name: archive.storedName, source: archive.source },
      { now: () => new Date(), damaged: (found) => damaged(archive.label, found) },
      { signal, onProgress },
    );
    const rows = values.rows ? await checkRowsOf(archive.source, config, storage, { signal, onProgress }) : null;
    if (rows && !rows.ok) throw rulesBroken(archive.label, rows);
    const rate = `${formatSize((report.bytes * 1000) / Math.max(1, durationMs))}/s`;
    return {
      data: {
        name: archive.label,
        size: archive.source.size,
        ...report,
        faults: [],
        durationMs,
        ...(rows && { rules: rows }),
      },
      lines: [
        `${archive.label} is sound: ${formatCounted(report.rows, 'row')} in ${formatCounted(report.entries, 'entry', 'entries')}, ` +
          `${formatSize(report.bytes)}, read in ${formatDuration(durationMs)} (${rate})`,
        `digest ${report.digest}`,
        ...(rows ? [soundRows(rows)] : []),
      ],
      warnings: [...report.losses, ...(rows ? rowWarnings(rows) : []), ...warnings],
    };
  },
};

/** Verifies a document. It has no checksum, so only its structure and its stated counts can be checked. */
async function verifyDocument(
  { label, source }: ChosenBackup,
  document: JsonDocument,
  rows: boolean,
  run: { signal: AbortSignal; onProgress: OnProgress },
): Promise<Outcome> {
  if (rows)
    throw new AppError('USAGE', `--rows is for archives, and ${label} is a BackupData document.`, {
      hint: 'Its rows are checked against the tables when it is restored.',
    });
  const started = performance.now();
  const survey = await surveyJson(document, run);
  const durationMs = Math.round(performance.now() - started);
  const facts = documentFacts(await peekMetadata(document.bytes(run.signal)));
  return {
    data: { name: label, size: source.size, ok: true, document: document.kind, ...survey, durationMs },
    lines: [
      `${label} is a whole BackupData document: ${formatCounted(survey.rows, 'row')} in ${formatCounted(Object.keys(survey.tables).length, 'table')}, ` +
        `${formatSize(survey.bytes)}, read in ${formatDuration(durationMs)}`,
      `digest ${survey.digest}`,
      'It has no checksum: whether its values are those that were written cannot be told.',
    ],
    warnings:
      facts.rows === null || facts.rows === survey.rows
        ? []
        : [
            `It says of itself that it holds ${formatCounted(facts.rows, 'row')}; there are ${formatCount(survey.rows)}.`,
          ],
  };
}

async function checkRowsOf(
  source: ByteSource,
  config: Config,
  storage: Storage,
  options: { signal: AbortSignal; onProgress: OnProgress },
): Promise<RowRuleReport> {
  const archive = await openArchive(source, { signal: options.signal });
  await using scratch = createScratch(config.backupDir, storage);
  const [seed = 0] = crypto.getRandomValues(new Uint32Array(1));
  return await checkRows(archive, { scratch, seed }, options);
}

function damaged(label: string, report: VerifyReport): AppError {
  const faults = report.faults.map((fault) => fault.message);
  const places = formatCounted(faults.length, 'place');
  return new AppError('ARCHIVE_DAMAGED', [`${label} is damaged in ${places}.`, ...faults].join('\n'), {
    hint: 'Do not restore from it. Use another backup, or copy this one again from where it was made.',
    details: { ...report },
  });
}

if (import.meta.main) await runCommand(command);
