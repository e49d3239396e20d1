import { maskDatabaseUrl } from '../db/connect/mask-url.ts';
import { type Archive, openArchive } from '../server/archive/reader.ts';
import { AppError } from '../server/core/errors.ts';
import { compare, restore } from '../server/jobs/verbs.ts';
import { notingDamage } from '../server/library/mark-checked.ts';
import type { RestoreResult } from '../server/restore/restore.ts';
import { WANTED_WAYS } from '../server/restore/ways/way.ts';
import type { Storage } from '../server/storage/storage.ts';
import { BACKUP_ARGUMENT, type ChosenBackup, openChosen, storageOf } from './command/chosen.ts';
import { type Command, runCommand } from './command/cli.ts';
import {
  commandActor,
  composeStorage,
  configFor,
  DATABASE_SETTINGS,
  DEMO_FLAG,
  INTO_FLAG,
  jobsFlag,
  openDatabase,
  SCHEMA_SETTINGS,
  settingsHelp,
  TABLES_FLAG,
  WAIT_FLAG,
} from './command/compose.ts';
import { formatColumns, formatCount, formatCounted, formatDuration, printable } from './command/format.ts';
import { ADMINISTRATORS_FLAG, administratorLines, readAdministrators } from './command/restore/administrators.ts';
import { factsOf, readDocumentFacts } from './command/restore/backup-facts.ts';
import { keepBy, obtainConsent } from './command/restore/consent.ts';
import { planLines } from './command/restore/plan-lines.ts';
import { rowLines, takeRows } from './command/restore/row-lines.ts';
import { runVerb, type VerbWork } from './command/restore/run-verb.ts';
import { describeOrigin, readTarget } from './command/restore/target.ts';

const flags = {
  into: INTO_FLAG,
  demo: DEMO_FLAG,
  tables: TABLES_FLAG,
  'keep-broken-rules': {
    kind: 'switch',
    help: 'put constraints that rows of the backup break back as NOT VALID, and name those rows by key',
  },
  apply: {
    kind: 'choice',
    choices: WANTED_WAYS,
    help: 'how rows get into the tables; auto, if absent, takes the way that holds others up least',
  },
  plan: {
    kind: 'switch',
    help: 'say how many rows come back, change and disappear, and change nothing; exit code 7 when the restore would be refused: for a right, the schema, a foreign key or a check that rows break, or another obstacle',
  },
  'show-rows': {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 1000,
    help: 'with --plan: show so many of the rows that differ of each table, with both values of what changes',
  },
  'plan-digest': {
    kind: 'text',
    value: 'DIGEST',
    help: 'restore only what that plan says: refused when backup, tables or definitions are others, or more rows would be lost',
  },
  people: {
    kind: 'switch',
    help: 'with --show-rows: show personal and financial columns too; secret ones are never shown',
  },
  yes: { kind: 'switch', short: 'y', help: 'do not ask for the name of the database first' },
  'change-administrators': ADMINISTRATORS_FLAG,
  jobs: jobsFlag('load'),
  wait: WAIT_FLAG,
} as const;

export const command: Command<typeof flags> = {
  name: 'restore',
  summary: 'Makes tables what they were at the time of a backup: all of it in one transaction, or nothing.',
  flags,
  positional: BACKUP_ARGUMENT,
  settings: settingsHelp(
    ...DATABASE_SETTINGS,
    'BACKUP_DIR',
    ...SCHEMA_SETTINGS,
    'BACKUP_JOBS',
    'LOCK_TIMEOUT_MS',
    'LOCK_GIVE_UP_MS',
  ),
  examples: [
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c',
      does: 'asks for the name of the database first',
    },
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c --plan',
      does: 'what it would change, table by table; changes nothing',
    },
    {
      line: 'bun run scripts/restore.ts /mnt/usb/backup.zip --into postgres://me:secret@db/copy --yes',
      does: 'into another database, unasked; --change-administrators besides where others may sign in there',
    },
    {
      line: 'bun run scripts/restore.ts backup_20261123T090804Z_1f2e3d4c --tables loans,loan_repayments',
      does: 'two tables; the others stay as they are',
    },
    {
      line: 'bun run scripts/restore.ts backup_2026-11-23_1f2e3d4c.zip',
      does: 'a backup the HRMS made itself: its ZIP, or the JSON in it, gzipped or not',
    },
  ],
  async run({ values, positional, env, signal, onProgress, note, detail }) {
    if (values.plan) refuseForPlan(values);
    else if (values['show-rows'] !== undefined) throw onlyForPlan();
    const { tables, plan, yes, wait, 'change-administrators': allowed } = values;
    const config = configFor(env, values);
    const storage = composeStorage(config);
    await using chosen = await openChosen(storage, positional, { env, signal });
    const { document, label, storedName } = chosen;
    const archive = document ? null : await openNoting(storage, chosen, signal);
    const facts = archive ? factsOf(archive, tables) : await readDocumentFacts(document, tables, signal);
    if (document && values['plan-digest']) throw noPlanOfDocument();
    await using database = await openDatabase(config, { demo: values.demo, signal });
    const { url } = database;
    detail(
      `reading ${label}, ${archive ? `digest ${archive.digest}` : `a BackupData document (${document?.kind})`}; database ${maskDatabaseUrl(url)}`,
    );
    const target = await readTarget(url, signal);
    const proposal = { plan, yes, allowed, url, target, label, facts, keepBy: keepBy(values), note };
    const administratorsOf = (opens: Pick<Storage, 'open'>, stored: { storage: Storage; name: string } | null) =>
      readAdministrators({ opens, stored, tables, target, url, allowed }, signal);
    const administrators = archive
      ? await notingDamage(noted(storage, chosen), () =>
          administratorsOf(storageOf(chosen), storedName === null ? null : { storage, name: storedName }),
        )
      : { changes: [], hasAdministrators: false };
    const origin = describeOrigin(facts.from, target);
    const told = [...(origin === null ? [] : [origin]), ...administratorLines(administrators)];
    await obtainConsent(proposal, { told, administrators }, signal);

    const work: VerbWork = {
      databaseUrl: url,
      config,
      storage,
      chosen,
      digest: archive?.digest ?? null,
      input: {
        ...(tables && { tables }),
        ...(values['keep-broken-rules'] && { keepBrokenRules: true }),
        ...(values.apply && { apply: values.apply }),
        ...(values['plan-digest'] && { planDigest: values['plan-digest'] }),
        ...(plan && values['show-rows'] !== undefined && { keepMs: ROWS_MS }),
        jobs: config.backupJobs,
      },
      actor: commandActor(env),
      wait,
      administrators,
      onConverted: async (opens, alive) => {
        const found = await administratorsOf(opens, null);
        const lines = administratorLines(found);
        if (lines.length > 0) await obtainConsent(proposal, { told: lines, administrators: found }, alive);
        return found;
      },
      note,
      onProgress,
    };
    if (plan) {
      const found = await runVerb('plan', compare, work, signal);
      const looked = {
        url,
        foreign: config.backupSchema !== null,
        rows: values['show-rows'] ?? 0,
        people: values.people,
      };
      const pages = values['show-rows'] === undefined ? [] : await takeRows(found, looked, signal);
      return {
        data: { ...found, kept: null, ...(values['show-rows'] !== undefined && { rows: pages }) },
        lines: [...planLines(found, label, target.database, archive !== null), ...rowLines(pages)],
        warnings: found.warnings,
        ...(found.stops.length > 0 && { exitCode: 7 as const }),
      };
    }
    const result = await runVerb('restore', restore, work, signal);
    return { data: result, lines: describe(result, label), warnings: result.warnings };
  },
};

/** Throws USAGE for flags that only mean something to a restore that changes rows. */
function refuseForPlan(values: Record<(typeof CHANGING)[number], unknown>): void {
  const given = CHANGING.filter((flag) => values[flag]);
  if (given.length === 0) return;
  throw new AppError(
    'USAGE',
    `--plan changes nothing, so ${given.map((flag) => `--${flag}`).join(' and ')} cannot be given with it.`,
    {
      hint: 'Look at the plan first; then run it again without --plan.',
    },
  );
}

/** Milliseconds for which a plan keeps its rows for this command, which removes them itself. */
const ROWS_MS = 3_600_000;

function noPlanOfDocument(): AppError {
  return new AppError(
    'USAGE',
    'A BackupData document is converted anew by each command: no plan of it can be carried out.',
    {
      hint: 'Convert it first (`bun run scripts/convert.ts`), make a plan of the archive, and restore that.',
    },
  );
}

function onlyForPlan(): AppError {
  return new AppError('USAGE', '--show-rows shows what a plan finds, so it needs --plan.', {
    hint: 'Run it with --plan, which changes nothing.',
  });
}

const CHANGING = ['yes', 'change-administrators', 'plan-digest'] as const;

/** Opens the archive. Notes damage that prevents it in the sidecar of a stored archive, like any other damage. */
function openNoting(storage: Storage, chosen: ChosenBackup, signal: AbortSignal): Promise<Archive> {
  return notingDamage(noted(storage, chosen), () => openArchive(chosen.source, { signal }));
}

function noted(storage: Storage, { storedName }: ChosenBackup) {
  return { storage, name: storedName, now: () => new Date() };
}

function describe(result: RestoreResult, label: string): string[] {
  return [
    `Restored ${label}: ${outcome(result)}`,
    `  by the way ${result.way}: ${result.why}`,
    `  operation ${result.operationId}`,
    ...formatColumns(
      Object.entries(result.tables).map(([table, rows]) => [`  ${printable(table)}`, formatCount(rows)]),
      'lr',
    ),
  ];
}

function outcome({ restoredRecords, changes, durationMs, lockedMs, writersWaitMs }: RestoreResult): string {
  const took = formatDuration(durationMs);
  if (changes === undefined)
    return `${formatCounted(restoredRecords, 'row')} in ${took}, tables locked for ${formatDuration(lockedMs)}`;
  const rows = Object.values(changes).reduce((sum, { added, changed, removed }) => sum + added + changed + removed, 0);
  return `changed ${formatCount(rows)} of ${formatCounted(restoredRecords, 'row')} in ${took}; nobody had to wait to read, and to write ${formatDuration(writersWaitMs)} at most`;
}

if (import.meta.main) await runCommand(command);
