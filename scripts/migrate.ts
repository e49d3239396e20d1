import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { HRMS } from '../db/hrms/tables.ts';
import { type MigrateReport, migrate } from '../db/system/migrate.ts';
import { type Command, runCommand } from './command/cli.ts';
import { configFor, DATABASE_SETTINGS, DEMO_FLAG, INTO_FLAG, openDatabase, settingsHelp } from './command/compose.ts';
import { formatCounted } from './command/format.ts';

const flags = {
  into: INTO_FLAG,
  demo: DEMO_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'migrate',
  summary:
    'Brings our own tables (schema backup_system) up to date; gives an empty database the HRMS tables. Never alters tables that are there.',
  flags,
  settings: settingsHelp(...DATABASE_SETTINGS, 'BACKUP_SCHEMA'),
  examples: [
    { line: 'bun run scripts/migrate.ts', does: 'once, before the first backup' },
    {
      line: 'bun run scripts/migrate.ts --into postgres://me:secret@db/copy',
      does: 'makes an empty database ready for a restore',
    },
  ],
  async run({ values, env, signal, detail }) {
    const config = configFor(env, values);
    await using database = await openDatabase(config, { demo: values.demo, signal });
    detail(`database ${maskDatabaseUrl(database.url)}`);
    // Another application's tables belong to its own migrations.
    const report = await migrate(database.url, { application: config.backupSchema === null ? HRMS : null, signal });
    const { application: hrms, ...rest } = report;
    return {
      data: { ...rest, hrms },
      lines: [describeSystem(report), ...describeHrms(report), ...describeTriggers(report)],
    };
  },
};

function describeSystem({ systemApplied }: MigrateReport): string {
  return systemApplied === 0
    ? 'backup_system: up to date.'
    : `backup_system: ${formatCounted(systemApplied, 'migration')} applied.`;
}

function describeHrms({ application: hrms }: MigrateReport): string[] {
  switch (hrms.found) {
    case 'created':
      return ['HRMS tables: made, the database was empty.'];
    case 'already there':
      return ['HRMS tables: already there, left as they are.'];
    case 'partly there':
      return [`HRMS tables: partly there, left as they are. Missing: ${hrms.missing.join(', ')}.`];
    case 'other tables':
      return [
        `HRMS tables: not made, the database holds other tables: ${hrms.tables.slice(0, 10).join(', ')}${hrms.tables.length > 10 ? ', …' : ''}.`,
      ];
    case 'not asked for':
      return [];
    default:
      throw new RangeError(`no such finding: ${JSON.stringify(hrms satisfies never)}`);
  }
}

export function describeTriggers({ eventTriggers = [] }: MigrateReport): string[] {
  return eventTriggers.length === 0
    ? []
    : [`Event triggers of the database ran for it, and what they wrote stays: ${eventTriggers.join(', ')}.`];
}

if (import.meta.main) await runCommand(command);
