import { existsSync } from 'node:fs';
import { originText } from '../server/archive/manifest/origin.ts';
import { listBackups, type StoredBackup } from '../server/library/list.ts';
import { listDocuments, type StoredDocument } from '../server/library/list-documents.ts';
import { type Command, runCommand } from './command/cli.ts';
import { composeStorage, configWithoutDatabase, settingsHelp } from './command/compose.ts';
import { formatColumns, formatCount, formatCounted, formatMoment, formatSize, printable } from './command/format.ts';

const flags = {} as const;

export const command: Command<typeof flags> = {
  name: 'list',
  summary: 'Lists the stored backups: name, made when and by whom, of which database, rows, size. Needs no database.',
  flags,
  settings: settingsHelp('BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/list.ts', does: 'what is there' },
    { line: 'bun run scripts/list.ts --json', does: 'the same for another program, with rows per table' },
  ],
  async run({ env, signal, detail }) {
    const storage = composeStorage(configWithoutDatabase(env));
    detail(`backups in ${storage.label}`);
    const backups = await listBackups(storage, signal);
    const documents = await listDocuments(storage, signal);
    const damaged = [...backups, ...documents].filter((stored) => stored.damaged);
    const rows = [...backups.map(lineOf), ...documents.map(documentLine)];
    const bytes = [...backups, ...documents].reduce((sum, stored) => sum + stored.size, 0);
    const counted = [
      formatCounted(backups.length, 'backup'),
      ...(documents.length > 0 ? [formatCounted(documents.length, 'document')] : []),
    ];
    return {
      data: { location: storage.label, backups, documents },
      lines:
        rows.length === 0
          ? [emptyLine(storage.label)]
          : [
              ...formatColumns([['NAME', 'MADE', 'BY', 'OF', 'KIND', 'ROWS', 'SIZE', ''], ...rows], 'lllllrrl'),
              `${counted.join(' and ')}, ${formatSize(bytes)}, in ${storage.label}`,
            ],
      warnings: damaged.map(
        (stored) =>
          `${stored.name} ${wasFound(stored) ? 'was found damaged' : 'cannot be opened'}: ${stored.damaged?.message.replaceAll('\n', ' ')}`,
      ),
    };
  },
};

/** Returns the line for an empty list. Without a database nobody knows whether backups should exist. */
function emptyLine(folder: string): string {
  return existsSync(folder)
    ? `No backups in ${folder}.`
    : `There is no folder ${folder}: nothing was stored there yet, or its volume is not mounted.`;
}

function documentLine(document: StoredDocument): string[] {
  return [
    document.name,
    formatMoment(document.timestamp ?? document.modifiedAt),
    printable(document.createdBy ?? '?'),
    printable(document.origin ?? '?'),
    'document',
    document.rows === null ? '?' : formatCount(document.rows),
    formatSize(document.size),
    document.damaged ? `UNREADABLE (${document.damaged.code})` : '',
  ];
}

function lineOf(backup: StoredBackup): string[] {
  const { manifest } = backup;
  const marks = [
    backup.damaged ? damageOf(backup.damaged) : '',
    manifest && manifest.losses > 0 ? `NOT COMPLETE (${formatCounted(manifest.losses, 'thing')} missing)` : '',
    backup.pinned ? 'pinned' : '',
    backup.lastVerified && !backup.damaged ? `verified ${formatMoment(backup.lastVerified).slice(0, 10)}` : '',
    manifest && manifest.warnings > 0 ? formatCounted(manifest.warnings, 'warning') : '',
    backup.note ?? '',
  ].filter((mark) => mark !== '');
  return [
    backup.name,
    formatMoment(manifest?.timestamp ?? backup.createdAt),
    manifest ? printable(manifest.createdBy) : '?',
    printable((manifest && originText(manifest.from)) ?? '?'),
    manifest?.kind ?? '?',
    manifest ? formatCount(manifest.rows) : '?',
    formatSize(backup.size),
    printable(marks.join(', ')),
  ];
}

function damageOf({ code, foundAt }: NonNullable<StoredBackup['damaged']>): string {
  return foundAt === null ? `UNREADABLE (${code})` : `DAMAGED (found ${formatMoment(foundAt).slice(0, 10)})`;
}

function wasFound({ damaged }: StoredBackup | StoredDocument): boolean {
  return damaged !== null && 'foundAt' in damaged && damaged.foundAt !== null;
}

if (import.meta.main) await runCommand(command);
