import { amountText, bytesText, countText, durationText } from '../lib/format.ts';

const NAMES = new Intl.ListFormat('en');

/** The texts of the restore and upload pages, loaded with them. */
export const restoreWords = {
  restore: {
    title: 'Restore',
    lead: 'Replace live data with the data of a backup.',
    stored: 'Stored backups',
    storedHint: 'Pick one from before things went wrong.',
    upload: 'Upload a backup file',
    another: 'Choose another backup',
    noBackups: 'There is no stored backup that can be restored.',
    what: 'What will happen',
    replaced: (tables: number, database: string) =>
      `Every row of ${amountText(tables, 'table')} in the database ${database} is replaced with the rows of this backup.`,
    lost: (when: string) => `What was added or changed after ${when} is lost.`,
    atomic: 'All or nothing: it happens in one step at the end, and if anything fails before, nothing has changed.',
    locked:
      'People can keep working. Where few rows differ, only these change in the last step, and who reads never waits. Otherwise the tables are locked in the last step, and whoever uses them has to wait.',
    noUndo: 'A restore cannot be undone. Create a backup of the current data first.',
    backupFirst: 'Create a backup first',
    freshBackup: (ago: string) => `The newest backup was made ${ago}.`,
    tables: 'Tables',
    tablesCaption: 'Rows now, and after the restore',
    table: 'Table',
    nowRows: 'Rows now (about)',
    thenRows: 'Rows after',
    someOnly: 'Only some tables',
    allTables: 'All tables of the backup',
    chosen: 'Tables to restore',
    noneChosen: 'Choose the tables to restore. What will happen to them is shown here then.',
    otherDatabase: (from: string, into: string) =>
      `This backup was made of another database: ${from}. It would be restored into ${into}.`,
    unknownDatabase: (from: string | null, into: string) =>
      from === null
        ? 'This backup does not say which database it was made of.'
        : `This backup was made of ${from}. Whether that is this database, ${into}, cannot be told.`,
    asOf: (when: string, ago: string) => `As it was at ${when}, ${ago}.`,
    more: (rows: number) => `${countText(rows)} more`,
    fewer: (rows: number) => `${countText(rows)} fewer`,
    partialHint:
      'If rows in other tables refer to rows that would be gone, the restore is refused and nothing changes.',
    confirm: 'Confirm',
    goesBack: (tables: readonly string[], database: string, when: string) => {
      const what = tables.length > 3 ? amountText(tables.length, 'table') : NAMES.format(tables);
      return `${what} in ${database} ${tables.length === 1 ? 'goes' : 'go'} back to ${when}. All other tables stay as they are.`;
    },
    database: 'Type the name of the database:',
    databaseWrong: 'That is not the name of the database.',
    password: 'Confirm your password',
    submit: 'Replace live data',
    onlyPlanned: 'Refuse if more rows would change or disappear than the preview says',
    busy: 'Starting',
    started: 'Restore started.',
    unverified:
      'This backup was never verified. Every byte is checked during the restore, and a damaged backup is refused.',
    damaged: 'This backup cannot be opened. Choose another.',
    foundDamaged:
      'This backup was found damaged. Choose another; only tables that are whole can be restored from it, by choosing them one by one.',
    again: 'Restore another backup',
    notReachable: 'The database does not answer right now, and a restore needs it.',
  },

  people: {
    title: 'This backup was not made here, and it changes who may sign in:',
    change: (person: { change: string; role: string | null; roleNow: string | null; what: readonly string[] }) => {
      if (person.change === 'new') return `new, as ${person.role}`;
      if (person.change === 'removed') return 'removed';
      const parts = person.what.map((one) => {
        if (one === 'role') return `${person.roleNow} becomes ${person.role}`;
        if (one === 'password') return 'another password';
        return one === 'active' ? 'may sign in now or not, the other way round' : 'another account behind the address';
      });
      return NAMES.format(parts);
    },
    more: (count: number) => `and ${countText(count)} more`,
    known: 'I know these people and mean it',
  },

  upload: {
    drop: 'Drop a file here, or click to choose one',
    dropping: 'Drop the file',
    chooseAnother: 'Choose another file',
    limits: (most: number | null) =>
      `.zip, .json or .json.gz${most === null ? '' : `, up to ${bytesText(most)}`}. It is checked here before anything is sent.`,
    paste: 'You can also paste a file or its JSON.',
    found: (file: string, facts: readonly string[]) =>
      `${[`${file} was checked`, ...facts].join('. ')}. It can be uploaded now.`,
    madeAt: 'Created',
    rows: 'Rows',
    of: 'Database',
    by: 'Created by',
    document: 'A BackupData document',
    documentLead: 'The server checks each row once it has arrived.',
    send: 'Upload file',
    sending: 'Uploading',
    packing: 'Compressing',
    pause: 'Pause',
    resume: 'Resume',
    paused: 'Paused. What was uploaded is kept for a while',
    retrying: 'Connection lost, trying again',
    stop: 'Cancel upload',
    rate: (rate: number, seconds: number | null) =>
      seconds === null ? `${bytesText(rate)}/s` : `${bytesText(rate)}/s, ${durationText(seconds * 1000)} left`,
    sent: (done: number, total: number) => `${bytesText(done)} of ${bytesText(total)}`,
    checking: 'Uploaded, waiting for the server',
    accepted: 'The file is stored as a backup.',
    existing: 'The same backup was already stored.',
    leave: 'Leave while a file is uploading?',
    leaveLead: 'What was uploaded is kept for a while. Choose the same file again to continue.',
    leaveAnyway: 'Leave',
    stay: 'Stay here',
    untouched: 'The database was not touched.',
    notZip: 'This file is not a backup: it is neither a ZIP archive nor JSON.',
    notOurs: 'This ZIP is not a backup: it has no manifest at its end.',
    notOursHint: 'Use the file exactly as it was downloaded. A ZIP that was unpacked and packed again does not work.',
    cut: 'This file is cut off or damaged: its table of contents cannot be read.',
    cutHint: 'Download or copy it again.',
    newer: (version: string) => `This backup has format ${version}, which this program cannot read yet.`,
    newerHint: 'Use a newer Palace Backup.',
    encrypted: 'This file is encrypted with age.',
    encryptedHint: 'Decrypt it with age first, then choose the decrypted file.',
    empty: 'This file is empty.',
    notBackupData: 'This JSON is not a backup: it does not begin with metadata and data, as BackupData does.',
    notBackupDataHint: 'Choose the file that was downloaded as a backup.',
    cutDocument: 'This JSON is cut off: its end is missing.',
    tooLarge: (size: number, most: number) =>
      `This file is ${bytesText(size)}; the server accepts up to ${bytesText(most)}.`,
    tooLargeHint:
      'Ask for MAX_UPLOAD_BYTES to be raised on the server, or for the file to be copied into the backup folder.',
    wide: 'This is UTF-16 text.',
    wideHint: 'Save it as UTF-8, then choose it again.',
    dump: 'This is a pg_dump file, not a Palace Backup file.',
    dumpHint: 'Restore it with pg_restore.',
    pasted: 'pasted.json',
    several: 'You chose several files.',
    severalHint: 'Choose one: a backup is a single file.',
    unreadable: 'This cannot be read: it may be a folder, or the file was moved or changed in the meantime.',
    kindHint: 'Choose a .zip, .json or .json.gz file.',
  },
};
