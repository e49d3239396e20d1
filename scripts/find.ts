import { sensitivityElsewhere, sensitivityOf } from '../db/hrms/policy.ts';
import { DAMAGED_HINT } from '../server/archive/inspect.ts';
import { AppError } from '../server/core/errors.ts';
import { createSemaphore } from '../server/core/semaphore.ts';
import { notingDamage, rememberDamage } from '../server/library/mark-checked.ts';
import { type RowHit, type SearchStep, searchArchive } from '../server/library/search/archive-search.ts';
import { ARCHIVE_ARGUMENT, openChosen } from './command/chosen.ts';
import { type Command, runCommand } from './command/cli.ts';
import { composeStorage, configWithoutDatabase, settingsHelp, TABLES_FLAG } from './command/compose.ts';
import { formatCount, formatCounted, formatDuration, printable } from './command/format.ts';

const flags = {
  text: {
    kind: 'text',
    value: 'TEXT',
    help: 'what to look for: part of a value, in any case, with or without accents',
  },
  tables: TABLES_FLAG,
  limit: { kind: 'number', value: 'N', min: 1, max: 100_000, help: 'how many rows at most; 100 when absent' },
} as const;

/** Number of chunks read concurrently, as in a verification. */
const CONCURRENT_CHUNKS = 3;

export const command: Command<typeof flags> = {
  name: 'find',
  summary:
    'Finds the rows of an archive that hold a text, in all columns but secret ones: who has the file can read it. Needs no database.',
  flags,
  positional: ARCHIVE_ARGUMENT,
  settings: settingsHelp('BACKUP_DIR', 'BACKUP_SCHEMA'),
  examples: [
    { line: 'bun run scripts/find.ts backup_20261123T090804Z_1f2e3d4c --text adewale', does: 'a person, in any table' },
    {
      line: 'bun run scripts/find.ts backup_20261123T090804Z_1f2e3d4c --text adewale --tables staff --json',
      does: 'in one table, for another program',
    },
  ],
  async run({ values, positional, env, signal, onProgress }) {
    const { text, limit = 100 } = values;
    if (!text) throw new AppError('USAGE', 'There is nothing to search for.', { hint: 'Say it with --text.' });
    const config = configWithoutDatabase(env);
    const storage = composeStorage(config);
    await using chosen = await openChosen(storage, positional, { env, signal, only: 'archives' });
    if (chosen.document)
      throw new AppError('USAGE', `${chosen.label} is a BackupData document; archives are searched.`, {
        hint: 'Make an archive of it with `bun run scripts/convert.ts`, or look into the document itself: it is text.',
      });
    const started = performance.now();
    const steps: SearchStep[] = [];
    const noting = { storage, name: chosen.storedName, now: () => new Date() };
    await notingDamage(noting, async () => {
      const query = { text, tables: values.tables, people: true, limit };
      const context = {
        sensitivityOf: config.backupSchema === null ? sensitivityOf : sensitivityElsewhere,
        concurrency: CONCURRENT_CHUNKS,
        semaphore: createSemaphore(CONCURRENT_CHUNKS),
        signal,
        isLate: () => false,
      };
      for await (const step of searchArchive(chosen.source, query, context)) {
        steps.push(step);
        onProgress({ stage: 'verify', rows: step.rows, bytes: 0, totalBytes: 0 });
      }
    });
    const durationMs = Math.round(performance.now() - started);
    const hits = steps.flatMap((step) => step.hits);
    const unsearched = steps.flatMap((step) => step.unsearched);
    const damage = unsearched.find(({ why }) => why === 'damaged');
    if (damage && noting.name !== null) {
      const error = new AppError('ARCHIVE_DAMAGED', damage.message, { hint: DAMAGED_HINT });
      await rememberDamage(storage, noting.name, error, noting.now());
    }
    const { rows = 0, end = null } = steps.at(-1) ?? {};
    const more = end === 'limit' ? ', and there are more' : '';
    return {
      data: { name: chosen.label, rows, hits, complete: end === 'complete', unsearched, durationMs },
      lines: [
        ...hits.map(lineOf),
        `${formatCounted(hits.length, 'row')} found${more}; ${formatCounted(rows, 'row')} searched in ${formatDuration(durationMs)}`,
      ],
      warnings: unsearched.map(({ message }) => `Not searched: ${message}`),
      // Whoever looks for somebody must know that not everything was looked at.
      ...(damage && { exitCode: 5 as const }),
    };
  },
};

function lineOf({ table, number, cells }: RowHit): string {
  const values = cells.map(({ column, value, cut }) => `${printable(column)}: ${printable(value)}${cut ? ' …' : ''}`);
  return `${printable(table)}, row ${formatCount(number)}: ${values.join(', ')}`;
}

if (import.meta.main) await runCommand(command);
