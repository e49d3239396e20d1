/** The texts on the printed page of a backup that the screen does not show. */
export const manualRestoreWords = {
  title: 'How to restore this backup',
  program: 'With Palace Backup, on the machine where it is installed:',
  command: (file: string) => `bun run scripts/restore.ts ${file}`,
  hand: 'Without it, with psql. The README.txt inside the file says more:',
  steps: (file: string): string[] => [
    `unzip ${file} -d backup      (7-Zip or bsdtar where unzip cannot read it)`,
    'cd backup',
    'createdb restored',
    'for f in schema/*.sql; do psql -X -v ON_ERROR_STOP=1 -d restored -f "$f"; done',
    'psql -X -d restored -f restore.sql',
  ],
  check:
    'Compare the digest above with the one that is shown when the file is verified: equal digests mean equal backups.',
  printed: 'Printed from',
};
