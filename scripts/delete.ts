import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { AppError } from '../server/core/errors.ts';
import { removeBackup } from '../server/jobs/remove-backup.ts';
import type { Storage } from '../server/storage/storage.ts';
import { documentMeant, wholeName } from './command/chosen.ts';
import { type Command, runCommand } from './command/cli.ts';
import {
  commandActor,
  composeStorage,
  configFor,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  openDatabase,
  settingsHelp,
} from './command/compose.ts';
import { confirmName } from './command/confirm.ts';
import { formatMoment, formatSize } from './command/format.ts';
import { openCommandRecords } from './command/records.ts';

const flags = {
  yes: { kind: 'switch', short: 'y', help: 'do not ask for the name of the backup first' },
  demo: DEMO_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'delete',
  summary: 'Removes a stored backup or document for good. Refuses one that is pinned or that an operation uses.',
  flags,
  positional: {
    value: 'NAME',
    help: 'the name of an archive or a BackupData document in BACKUP_DIR; that of an archive without .zip, too',
  },
  settings: settingsHelp(...DATABASE_SETTINGS, 'BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/delete.ts backup_20261123T090804Z_1f2e3d4c.zip', does: 'asks for its name first' },
    { line: 'bun run scripts/delete.ts old.json --yes', does: 'a document, unasked' },
  ],
  async run({ values, positional, env, signal, detail }) {
    const config = configFor(env);
    const storage = composeStorage(config);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    const { name, size, modifiedAt } = await findStored(storage, positional);
    detail(`${storage.locate(name)}; database ${maskDatabaseUrl(database.url)}`);
    await using records = await openCommandRecords(database.url, signal);
    if (!values.yes)
      await confirmName({
        name,
        question: { what: 'the backup', becomes: 'removed', work: 'The removal', unchanged: 'Nothing was removed.' },
        warning: [
          `This removes ${name} from ${storage.label} for good: ${formatSize(size)}, stored ${formatMoment(modifiedAt)}.`,
        ],
        otherwise: 'look at what `bun run scripts/list.ts` shows.',
        signal,
      });
    await removeBackup({ storage, desk: records.desk }, name);
    const attempt = { actor: commandActor(env), address: 'this machine', action: 'backups.remove', target: name };
    await records.audit.append({ ...attempt, outcome: 'allowed' });
    return { data: { fileName: name, size }, lines: [`${name} was removed, ${formatSize(size)}.`] };
  },
};

/** Finds a listed backup only: sidecars and foreign files of the folder are not for this command to remove. */
async function findStored(storage: Storage, word: string) {
  const stored = [...(await storage.list()), ...(await storage.listDocuments())];
  const found = stored.find(({ name }) => name === word) ?? stored.find(({ name }) => name === `${word}.zip`);
  if (found) return found;
  const meant = await documentMeant(storage, word);
  throw new AppError('NOT_FOUND', `There is no backup ${word} in ${storage.label}.`, {
    hint: meant
      ? wholeName(meant)
      : '`bun run scripts/list.ts` shows what is stored. Set BACKUP_DIR when it is kept elsewhere.',
  });
}

if (import.meta.main) await runCommand(command);
