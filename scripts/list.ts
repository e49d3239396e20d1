import { listBackups, type StoredBackup } from '../server/backup/list.ts';
import { type Command, runCommand } from './cli.ts';
import { composeStorage, configFor, settingsHelp } from './compose.ts';
import { formatColumns, formatCount, formatCounted, formatMoment, formatSize, printable } from './format.ts';

const flags = {} as const;

export const command: Command<typeof flags> = {
  name: 'list',
  summary: 'Lists the stored backups, newest first: name, made when and by whom, rows, size.',
  flags,
  settings: settingsHelp('BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/list.ts', does: 'what is there' },
    { line: 'bun run scripts/list.ts --json', does: 'the same for another program, with rows per table' },
  ],
  async run({ env, signal, detail }) {
    const storage = composeStorage(configFor(env));
    detail(`backups in ${storage.label}`);
    const backups = await listBackups(storage, signal);
    const damaged = backups.filter((backup) => backup.damaged);
    const rows = backups.map(lineOf);
    const bytes = backups.reduce((sum, backup) => sum + backup.size, 0);
    return {
      data: { location: storage.label, backups },
      lines:
        backups.length === 0
          ? [`No backups in ${storage.label}.`]
          : [
              ...formatColumns([['NAME', 'MADE', 'BY', 'KIND', 'ROWS', 'SIZE', ''], ...rows], 'llllrrl'),
              `${formatCounted(backups.length, 'backup')}, ${formatSize(bytes)}, in ${storage.label}`,
            ],
      warnings: damaged.map((backup) => `${backup.name} cannot be opened: ${backup.damaged?.message}`),
    };
  },
};

function lineOf(backup: StoredBackup): string[] {
  const { manifest } = backup;
  const marks = [
    backup.damaged ? `UNREADABLE (${backup.damaged.code})` : '',
    manifest && manifest.losses > 0 ? `NOT COMPLETE (${formatCounted(manifest.losses, 'thing')} missing)` : '',
    backup.pinned ? 'pinned' : '',
    backup.lastVerified ? `verified ${formatMoment(backup.lastVerified).slice(0, 10)}` : '',
    manifest && manifest.warnings > 0 ? formatCounted(manifest.warnings, 'warning') : '',
    backup.note ?? '',
  ].filter((mark) => mark !== '');
  return [
    backup.name,
    formatMoment(manifest?.timestamp ?? backup.createdAt),
    manifest ? printable(manifest.createdBy) : '?',
    manifest?.kind ?? '?',
    manifest ? formatCount(manifest.rows) : '?',
    formatSize(backup.size),
    printable(marks.join(', ')),
  ];
}

if (import.meta.main) await runCommand(command);
