import { type Freshness, readFreshness } from '../server/library/freshness.ts';
import { listBackups } from '../server/library/list.ts';
import { type Command, runCommand } from './command/cli.ts';
import { composeStorage, configWithoutDatabase, settingsHelp } from './command/compose.ts';
import { formatDuration, printable } from './command/format.ts';

/** Milliseconds: a day, and two hours for a backup that waits or is slow. */
const USUAL_AGE_MS = 26 * 60 * 60 * 1000;

const flags = {
  'max-age': { kind: 'duration', value: '26h', help: 'how old the last good backup may be; 26 hours when absent' },
  database: {
    kind: 'text',
    value: 'NAME',
    help: 'only this database: its name, or name and place as list.ts shows them; each in the folder when absent',
  },
} as const;

export const command: Command<typeof flags> = {
  name: 'status',
  summary:
    'Says, for monitoring, whether the last good, complete backup is young enough: exit code 0, or 1 and one line. Needs no database.',
  flags,
  settings: settingsHelp('BACKUP_DIR'),
  examples: [
    { line: 'bun run scripts/status.ts', does: 'each database whose backups are in BACKUP_DIR' },
    {
      line: 'bun run scripts/status.ts --max-age 2h --database hrms --silent',
      does: 'prints only when something is wrong',
    },
  ],
  async run({ values, env, signal, detail }) {
    const storage = composeStorage(configWithoutDatabase(env));
    detail(`backups in ${storage.label}`);
    const maxAgeMs = values['max-age'] ?? USUAL_AGE_MS;
    const only = values.database;
    const now = new Date();
    const databases = readFreshness(await listBackups(storage, signal), { now, maxAgeMs, only });
    const bad = databases.filter((database) => !database.isFresh);
    const ok = databases.length > 0 && bad.length === 0;
    const line = printable(
      databases.length === 0
        ? `No backup${only === undefined ? '' : ` of ${only}`} in ${storage.label}.`
        : (ok ? databases : bad).map((database) => describe(database, maxAgeMs)).join(' '),
    );
    return { data: { ok, databases }, lines: [line], ...(!ok && { wrong: [line], exitCode: 1 as const }) };
  },
};

function describe({ database, good, newest, isFresh }: Freshness, maxAgeMs: number): string {
  const because = newest ? ` The newest, ${newest.name}, ${newest.fault}.` : '';
  if (good === null) return `${database}: no good backup.${because}`;
  const age = `${database}: the last good backup is ${formatDuration(good.ageMs)} old`;
  return isFresh ? `${age} (${good.name}).` : `${age}, more than ${formatDuration(maxAgeMs)} (${good.name}).${because}`;
}

if (import.meta.main) await runCommand(command);
