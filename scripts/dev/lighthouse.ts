import { AppError } from '../../server/core/errors.ts';
import { type Command, runCommand } from '../command/cli.ts';
import { formatColumns } from '../command/format.ts';
import { type Audit, CATEGORIES, openAuditor } from './panel/auditor.ts';
import { storeDemoBackups } from './panel/demo-backups.ts';
import { startDemoServer } from './panel/demo-server.ts';

const RUNS = 3;
const LEAST = { performance: 95, accessibility: 100, 'best-practices': 100 } as const;
const OUTSIDE = ['/sign-in'];
const INSIDE = [
  '/',
  '/backups',
  '/backups/before-the-move.zip',
  '/restore',
  '/restore?backup=before-the-move.zip',
  '/operations',
  '/backups/before-the-move.zip/tables/staff',
  '/audit',
  '/access',
  '/status',
];

const flags = {
  phone: { kind: 'switch', help: 'plays a slow phone on a slow line instead of a desktop' },
  strict: { kind: 'switch', help: 'fails when accessibility or best practices are below 100, or performance below 95' },
} as const;

const command: Command<typeof flags> = {
  name: 'dev/lighthouse',
  summary: 'Judges the built panel, served by the real server over demo data, in Debian’s Chromium.',
  flags,
  settings: [],
  examples: [
    { line: 'bun run lighthouse', does: 'every page, the median of three runs' },
    { line: 'bun run lighthouse --strict', does: 'the same, and exit code 1 when a page is below what we promise' },
  ],
  async run({ values, signal, note }) {
    const found = await judge(values.phone ? 'phone' : 'desktop', signal, note);
    const rows = found.map(({ path, scores }) => [path, ...CATEGORIES.map((name) => String(scores[name]))]);
    const low = found.flatMap(({ path, scores, faults }) =>
      CATEGORIES.some((name) => (scores[name] ?? 0) < LEAST[name]) ? faults.map((fault) => `${path}: ${fault}`) : [],
    );
    const lines = [...formatColumns([['page', ...CATEGORIES], ...rows], 'lrrr'), ...low];
    if (low.length > 0 && values.strict)
      throw new AppError('UNEXPECTED', 'Lighthouse is not content.', { hint: lines.join('\n') });
    return { data: { pages: found }, lines };
  },
};

/** Returns Lighthouse's audit of each page: the median of three runs, because performance is a time. */
async function judge(
  on: 'desktop' | 'phone',
  signal: AbortSignal,
  note: (line: string) => void,
): Promise<(Audit & { path: string })[]> {
  await using server = await startDemoServer(signal);
  await storeDemoBackups(server);
  await using auditor = await openAuditor(server.url, on);
  const found: (Audit & { path: string })[] = [];
  const look = async (path: string) => {
    note(`looking at ${path}`);
    const runs: Audit[] = [];
    for (let run = 0; run < RUNS; run++) {
      signal.throwIfAborted();
      runs.push(await auditor.audit(path, CATEGORIES));
    }
    found.push({ path, ...median(runs) });
  };
  for (const path of OUTSIDE) await look(path);
  await auditor.signIn(server.who);
  for (const path of INSIDE) await look(path);
  return found;
}

/** Returns the run with the median performance. */
function median(runs: Audit[]): Audit {
  const sorted = runs.toSorted((a, b) => (a.scores.performance ?? 0) - (b.scores.performance ?? 0));
  return sorted[Math.floor(sorted.length / 2)] ?? { scores: {}, faults: ['not measured'] };
}

if (import.meta.main) await runCommand(command);
