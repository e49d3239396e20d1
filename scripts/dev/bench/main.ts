import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { AppError } from '../../../server/core/errors.ts';
import { type Command, runCommand } from '../../command/cli.ts';
import { formatDuration } from '../../command/format.ts';
import { type Bench, openBench } from './bench.ts';
import type { Contender, Measured } from './contender.ts';
import { GOALS, judge } from './goals.ts';
import { OURS } from './ours.ts';
import { PEERS } from './peers.ts';
import { type Circumstances, renderMemory, renderReport } from './report.ts';
import { SHOWN } from './served/panel-load.ts';
import { SERVED } from './served/server-load.ts';
import { LOCALE, SERVER_SETTINGS } from './server.ts';
import { type Summary, summarise } from './statistics.ts';

/** Order of contenders: ours alternate with the peers', so that a slow minute of the machine does not hit one side alone. */
const ORDER = [
  'copy',
  'dump-c',
  'backup-deflate',
  'dump-c-z1',
  'backup-zstd',
  'dump-d-j2',
  'verify',
  'find',
  'pg-restore-j2',
  'restore-empty',
  'pg-restore-1',
  'restore-full',
];
/** Groups measured only on request, because no peer has them. */
const GROUPS: Readonly<Record<string, string[]>> = {
  server: SERVED.map(({ key }) => key),
  panel: SHOWN.map(({ key }) => key),
};
const MEMORY_ONLY = 'rss';
const MEMORY_OF = ['backup-deflate', 'backup-zstd', 'verify', 'restore-empty'];

const flags = {
  rows: {
    kind: 'number',
    value: 'N',
    min: 1000,
    max: 50_000_000,
    help: 'about how many rows; 2800000 when absent, some 600 MB',
  },
  rounds: {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 100,
    help: 'how often each is measured; 3 when absent, once for rss',
  },
  'load-seconds': {
    kind: 'number',
    value: 'N',
    min: 1,
    max: 3600,
    help: 'how long our server is asked at least; 5 when absent',
  },
  only: {
    kind: 'list',
    value: 'a,b',
    help: `only these: ${ORDER.join(', ')}; or rss, for our peak memory alone; or server, for our server under load; or panel, for our list of 10 000 backups in a browser`,
  },
  work: {
    kind: 'text',
    value: 'DIR',
    help: 'folder for the database and the dumps, removed afterwards; the temporary one when absent',
  },
} as const;

const command: Command<typeof flags> = {
  name: 'dev/bench/main',
  summary:
    'Measures backup, verify and restore beside pg_dump and pg_restore, in one run on the same data, in a PostgreSQL of its own.',
  flags,
  settings: [],
  examples: [
    { line: 'bun run bench', does: 'everything, three times' },
    { line: 'bun run bench --only backup-zstd,dump-d-j2 --rounds 5', does: 'one of ours against one of theirs' },
    { line: 'bun run bench --only rss --rows 14000000', does: 'whether memory grows with the data' },
    { line: 'bun run bench --only server --rounds 1', does: 'memory of the server, and how soon it answers meanwhile' },
    { line: 'bun run bench --only panel --rows 1000', does: 'how smooth a list of ten thousand backups is' },
  ],
  async run({ values, signal, note }) {
    const memoryOnly = values.only?.includes(MEMORY_ONLY) ?? false;
    const contenders = choose(values.only);
    const rounds = values.rounds ?? (memoryOnly ? 1 : 3);
    await using bench = await openBench({
      work: resolve(values.work ?? tmpdir()),
      rows: values.rows ?? 2_800_000,
      loadSeconds: values['load-seconds'] ?? 5,
      signal,
      say: note,
    });
    const where = circumstances(bench, rounds);
    const summaries = await measure(bench, contenders, rounds, note);
    const verdicts = judge(GOALS, summaries);
    return {
      data: {
        ...where,
        results: summaries,
        goals: verdicts.map(({ goal, ...verdict }) => ({ ...goal, ...verdict })),
      },
      lines: memoryOnly ? renderMemory(where, summaries) : renderReport(where, summaries, verdicts),
    };
  },
};

function choose(only: string[] | undefined): Contender[] {
  const known = [...ORDER, ...Object.values(GROUPS).flat()];
  for (const key of only ?? []) {
    if (known.includes(key) || Object.hasOwn(GROUPS, key) || (key === MEMORY_ONLY && only?.length === 1)) continue;
    const message = key === MEMORY_ONLY ? `${MEMORY_ONLY} stands alone.` : `There is nothing called ${key} to measure.`;
    throw new AppError('USAGE', message, {
      hint: `There are: ${[...known, ...Object.keys(GROUPS), MEMORY_ONLY].join(', ')}.`,
    });
  }
  const wanted = (only ?? ORDER).flatMap((key) => {
    if (key === MEMORY_ONLY) return MEMORY_OF;
    return GROUPS[key] ?? key;
  });
  const all = new Map([...OURS, ...PEERS, ...SERVED, ...SHOWN].map((contender) => [contender.key, contender]));
  return known.filter((key) => wanted.includes(key)).flatMap((key) => all.get(key) ?? []);
}

/** Measures the contenders. Every second round runs backwards, because the order affects the results. */
async function measure(
  bench: Bench,
  contenders: Contender[],
  rounds: number,
  note: (line: string) => void,
): Promise<Summary[]> {
  const runs = new Map<Contender, Measured[]>(contenders.map((contender) => [contender, []]));
  for (let round = 1; round <= rounds; round++) {
    for (const contender of round % 2 === 1 ? contenders : contenders.toReversed()) {
      await bench.server.query('postgres', 'CHECKPOINT');
      const measured = await contender.run(bench);
      runs.get(contender)?.push(measured);
      note(`round ${round} of ${rounds}: ${contender.label}, ${formatDuration(measured.seconds * 1000)}`);
    }
  }
  return [...runs].map(([{ key, label }, measured]) => summarise(key, label, measured));
}

function circumstances(bench: Bench, rounds: number): Circumstances {
  return {
    date: new Date().toISOString(),
    cores: availableParallelism(),
    processor: cpus()[0]?.model.trim() ?? 'unknown',
    memoryBytes: totalmem(),
    postgres: bench.server.version,
    locale: LOCALE,
    settings: SERVER_SETTINGS,
    runtime: `Bun ${Bun.version}`,
    rows: bench.rows,
    copyBytes: bench.copyBytes,
    rounds,
  };
}

if (import.meta.main) await runCommand(command);
