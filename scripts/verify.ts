import { markVerified } from '../server/backup/mark-verified.ts';
import { type VerifyReport, verifyArchive } from '../server/backup/verify.ts';
import { AppError } from '../server/errors.ts';
import type { Storage } from '../server/storage/storage.ts';
import { type Command, runCommand } from './cli.ts';
import {
  ARCHIVE_ARGUMENT,
  type ChosenArchive,
  composeStorage,
  configFor,
  openChosen,
  settingsHelp,
} from './compose.ts';
import { formatCounted, formatDuration, formatSize } from './format.ts';

const flags = {} as const;

const command: Command<typeof flags> = {
  name: 'verify',
  summary:
    'Reads every byte of a backup against its manifest and names each damaged table and chunk. Needs no database.',
  flags,
  positional: ARCHIVE_ARGUMENT,
  settings: settingsHelp('BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/verify.ts backup_20261123T090804Z_1f2e3d4c', does: 'one of the stored backups' },
    { line: 'bun run scripts/verify.ts /mnt/usb/backup.zip --json', does: 'any file, for another program' },
  ],
  async run({ positional, env, signal, onProgress, detail }) {
    const storage = composeStorage(configFor(env));
    await using archive = await openChosen(storage, positional);
    detail(`reading ${archive.label}, ${formatSize(archive.source.size)}`);
    const started = performance.now();
    const report = await verifyArchive(archive.source, { signal, onProgress });
    const durationMs = Math.round(performance.now() - started);
    if (!report.ok) throw damaged(archive.label, report);
    const rate = `${formatSize((report.bytes * 1000) / Math.max(1, durationMs))}/s`;
    return {
      data: { name: archive.label, size: archive.source.size, ...report, durationMs },
      lines: [
        `${archive.label} is sound: ${formatCounted(report.rows, 'row')} in ${formatCounted(report.entries, 'entry', 'entries')}, ` +
          `${formatSize(report.bytes)}, read in ${formatDuration(durationMs)} (${rate})`,
        `digest ${report.digest}`,
      ],
      warnings: [...report.losses, ...(await remember(storage, archive, report))],
    };
  },
};

function damaged(label: string, report: VerifyReport): AppError {
  const faults = report.faults.map((fault) => fault.message);
  const places = formatCounted(faults.length, 'place');
  return new AppError('ARCHIVE_DAMAGED', [`${label} is damaged in ${places}.`, ...faults].join('\n'), {
    hint: 'Do not restore from it. Use another backup, or copy this one again from where it was made.',
    details: { ...report },
  });
}

/** The archive was found sound: a note that cannot be written does not change that. */
async function remember(storage: Storage, archive: ChosenArchive, report: VerifyReport): Promise<string[]> {
  if (archive.storedName === null || report.digest === null) return [];
  try {
    const same = await markVerified(storage, archive.storedName, report.digest, new Date());
    return same
      ? []
      : [`${archive.label} is sound, but its digest is not that of the archive that was stored under this name.`];
  } catch (error) {
    const why = error instanceof AppError ? error.message : 'the notes cannot be written';
    return [`That it was verified could not be noted: ${why}`];
  }
}

if (import.meta.main) await runCommand(command);
