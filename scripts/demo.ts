import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { fillDemo } from '../db/hrms/demo/demo.ts';
import { type Command, runCommand } from './command/cli.ts';
import { configFor, DATABASE_SETTINGS, DEMO_FLAG, openDatabase, settingsHelp } from './command/compose.ts';
import { formatColumns, formatCount, formatCounted, formatDuration } from './command/format.ts';

const flags = {
  staff: {
    kind: 'number',
    value: 'N',
    min: 0,
    max: 5_000_000,
    help: 'how many people, about eleven rows for each; 1000 when absent',
  },
  seed: {
    kind: 'number',
    value: 'N',
    min: 0,
    max: 2 ** 31 - 1,
    help: 'the same seed and size give the same rows; 1 when absent',
  },
  demo: DEMO_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'demo',
  summary: 'Fills empty HRMS tables with invented people. Refuses a table that holds rows.',
  flags,
  settings: settingsHelp(...DATABASE_SETTINGS),
  examples: [
    { line: 'bun run scripts/demo.ts --staff 20000 --seed 7', does: 'some 220,000 rows to try a backup with' },
  ],
  async run({ values, env, signal, onProgress, detail }) {
    await using database = await openDatabase(configFor(env), { demo: values.demo, signal });
    detail(`database ${maskDatabaseUrl(database.url)}`);
    const started = performance.now();
    const tables = await fillDemo(database.url, {
      staff: values.staff ?? 1000,
      seed: values.seed ?? 1,
      signal,
      onProgress,
    });
    const durationMs = Math.round(performance.now() - started);
    const totalRecords = Object.values(tables).reduce((sum, rows) => sum + rows, 0);
    return {
      data: { totalRecords, tables, durationMs },
      lines: [
        `${formatCounted(totalRecords, 'row')} made in ${formatDuration(durationMs)}`,
        ...formatColumns(
          Object.entries(tables).map(([table, rows]) => [`  ${table}`, formatCount(rows)]),
          'lr',
        ),
      ],
    };
  },
};

if (import.meta.main) await runCommand(command);
