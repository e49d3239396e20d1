import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { hasEnded, type OperationView } from '../server/jobs/records.ts';
import { type Command, type Outcome, runCommand } from './command/cli.ts';
import {
  commandActor,
  configFor,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  openDatabase,
  settingsHelp,
} from './command/compose.ts';
import { formatColumns, formatDuration, formatMoment, printable } from './command/format.ts';
import { type CommandRecords, openCommandRecords } from './command/records.ts';

const flags = {
  cancel: { kind: 'text', value: 'ID', help: 'end this one: at once while it waits, after its clean-up while it runs' },
  running: { kind: 'switch', help: 'only those that wait or run' },
  limit: { kind: 'number', value: 'N', min: 1, max: 500, help: 'how many at most, the newest first; 20 when absent' },
  demo: DEMO_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'operations',
  summary: 'Lists operations under way and past (of kind backup, plan, restore, verify or upload), and cancels one.',
  flags,
  settings: settingsHelp(...DATABASE_SETTINGS),
  examples: [
    { line: 'bun run scripts/operations.ts --running', does: 'what is under way, and what waits' },
    { line: 'bun run scripts/operations.ts --cancel 1f2e3d4c-5b6a-4978-8695-a4b3c2d1e0f9', does: 'ends one' },
  ],
  async run({ values, env, signal, detail }) {
    await using database = await openDatabase(configFor(env), { demo: values.demo, signal });
    detail(`database ${maskDatabaseUrl(database.url)}`);
    await using records = await openCommandRecords(database.url, signal);
    if (values.cancel !== undefined) return await cancel(records, values.cancel, commandActor(env));
    const { operations } = await records.desk.list({
      limit: values.limit ?? 20,
      ...(values.running && { states: ['queued', 'running'] }),
    });
    const head = ['ID', 'KIND', 'STATE', 'BY', 'ASKED FOR', 'TOOK', 'BACKUP'];
    const none = values.running ? 'Nothing is under way.' : 'No operation was ever begun.';
    return {
      data: { operations },
      lines: operations.length === 0 ? [none] : formatColumns([head, ...operations.map(lineOf)], 'lllllrl'),
    };
  },
};

async function cancel({ desk, audit }: CommandRecords, id: string, by: string): Promise<Outcome> {
  const operation = await desk.cancel(id, by);
  const attempt = { actor: by, address: 'this machine', action: 'operations.cancel', operationId: operation.id };
  await audit.append({ ...attempt, outcome: 'allowed' });
  const ended = hasEnded(operation.state);
  const wasOver = ended && operation.cancelRequestedAt === null;
  const words = wasOver ? `had ended already: ${operation.state}` : ended ? `is ${operation.state}` : 'was told to end';
  return { data: { operation, wasOver }, lines: [`The ${operation.kind} ${operation.id} ${words}.`] };
}

function lineOf({ id, kind, state, actor, createdAt, startedAt, finishedAt, archive, error }: OperationView): string[] {
  return [
    id,
    printable(kind),
    state,
    printable(actor),
    formatMoment(createdAt),
    startedAt && finishedAt ? formatDuration(finishedAt.getTime() - startedAt.getTime()) : '',
    printable([archive ?? '', error ? `[${error.code}]` : ''].filter((part) => part !== '').join(' ')),
  ];
}

if (import.meta.main) await runCommand(command);
