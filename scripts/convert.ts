import { basename } from 'node:path';
import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { checkChosenName, documentName } from '../server/backup/file-name.ts';
import { APPLICATION } from '../server/core/application.ts';
import { runOperation } from '../server/jobs/operations.ts';
import { createDocumentAcceptance } from '../server/jobs/uploads/document.ts';
import { storeJson } from '../server/library/accept/store-document.ts';
import { notingDamage } from '../server/library/mark-checked.ts';
import { composeSchema } from '../server/process/schema.ts';
import type { Storage } from '../server/storage/storage.ts';
import { BACKUP_ARGUMENT, type ChosenBackup, openChosen, storageOf } from './command/chosen.ts';
import { type Command, type Outcome, runCommand } from './command/cli.ts';
import {
  commandActor,
  composeStorage,
  configFor,
  configWithoutDatabase,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  openDatabase,
  outputFlag,
  SCHEMA_SETTINGS,
  settingsHelp,
} from './command/compose.ts';
import { formatSize } from './command/format.ts';

const flags = {
  output: outputFlag('the result'),
  name: {
    kind: 'text',
    value: 'NAME',
    help: 'the result’s name; that of the backup, or made from the time, when absent',
  },
  demo: DEMO_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'convert',
  summary:
    'Makes a BackupData document of an archive, or an archive of a document. The second needs a database with the tables: their types say what the values are.',
  flags,
  positional: BACKUP_ARGUMENT,
  settings: settingsHelp(...DATABASE_SETTINGS, 'BACKUP_DIR', ...SCHEMA_SETTINGS),
  examples: [
    { line: 'bun run scripts/convert.ts backup_20261123T090804Z_1f2e3d4c', does: 'the same as .json beside it' },
    { line: 'bun run scripts/convert.ts ~/payroll.json -o /mnt/usb', does: 'an archive, read back' },
    { line: 'bun run scripts/convert.ts ~/payroll.json --name payroll', does: 'the same as payroll.zip in BACKUP_DIR' },
  ],
  async run({ values, positional, env, signal, detail }) {
    const over = values.output === undefined ? env : { ...env, BACKUP_DIR: values.output };
    const stored = composeStorage(configWithoutDatabase(env));
    const target = composeStorage(configWithoutDatabase(over));
    await using chosen = await openChosen(stored, positional, { env, signal });
    detail(`reading ${chosen.label}, ${formatSize(chosen.source.size)}, into ${target.label}`);
    if (values.name !== undefined)
      checkChosenName(
        values.name,
        chosen.document ? 'archive' : 'document',
        chosen.document ? 'a document is what you have.' : 'an archive is what you have.',
      );
    if (chosen.document === null) {
      const name = documentName(values.name ?? basename(chosen.label).replace(/[^A-Za-z0-9._-]/g, '_'));
      return await toDocument(chosen, name, { stored, target, signal });
    }

    const { model, config } = await composeSchema(configFor(over), signal);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    detail(`database ${maskDatabaseUrl(database.url)}`);
    const path = chosen.storedName === null ? chosen.label : stored.locate(chosen.storedName);
    const deps = {
      databaseUrl: database.url,
      now: () => new Date(),
      newId: () => crypto.randomUUID(),
      pause: (ms: number) => Bun.sleep(ms),
    };
    const accept = createDocumentAcceptance({
      ...deps,
      storage: target,
      model,
      application: APPLICATION,
      from: 'operator',
      compression: config.backupCompression,
      level: config.backupLevel,
      lockGiveUpMs: config.lockGiveUpMs,
    });
    const actor = commandActor(env);
    const asked = { kind: 'upload', actor, parameters: { file: chosen.label }, wait: true };
    const made = await runOperation(deps, asked, signal, (operation) =>
      accept(path, { actor, label: chosen.label, name: values.name }, operation),
    );
    const filePath = target.locate(made.fileName);
    return {
      data: { ...made, filePath },
      lines: [`Archive ${made.fileName}`, `  stored as ${filePath}`],
      warnings: made.warnings,
    };
  },
};

async function toDocument(
  chosen: ChosenBackup,
  name: string,
  { stored, target, signal }: { stored: Storage; target: Storage; signal: AbortSignal },
): Promise<Outcome> {
  const made = await notingDamage({ storage: stored, name: chosen.storedName, now: () => new Date() }, () =>
    storeJson(storageOf(chosen), target, { archive: chosen.label, document: name }, signal),
  );
  return {
    data: made,
    lines: [
      `Document ${made.fileName}, ${formatSize(made.size)}`,
      `  stored as ${made.filePath}`,
      `  digest ${made.digest}`,
    ],
    warnings: made.warnings,
  };
}

if (import.meta.main) await runCommand(command);
