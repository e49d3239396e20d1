/** A command to begin with, as the front page and `bun start` show it. */
export interface FirstCommand {
  /** The script, and the words after it. */
  words: string;
  does: string;
  /** True when it works on a database, and so takes `--demo`. */
  database: boolean;
}

export const FIRST_COMMANDS: FirstCommand[] = [
  { words: 'backup.ts', does: 'make a backup', database: true },
  { words: 'list.ts', does: 'show what is stored', database: false },
  { words: 'verify.ts NAME', does: 'read every byte of one against its manifest', database: false },
  { words: 'restore.ts NAME --plan', does: 'what a restore would change; changes nothing', database: true },
  { words: 'restore.ts NAME', does: 'bring one back; asks first', database: true },
  { words: 'backup.ts --check', does: 'look whether all is ready, and change nothing', database: true },
];
