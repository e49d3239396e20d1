import { AppError } from '../server/errors.ts';
import { runRoot } from '../server/main.ts';
import { exitCodeOf } from './exit-codes.ts';
import { formatColumns } from './format.ts';
import { type Audit, CATEGORIES, openAuditor } from './panel/auditor.ts';
import { furnish } from './panel/furniture.ts';
import { openHouse } from './panel/house.ts';

const USAGE = `bun run lighthouse [--strict] [--phone]   judges the built panel, served by the real server, in the real browser
  --phone    plays a slow phone on a slow line instead of a desktop
  --strict   fails when accessibility or best practices are below 100, or performance below 95`;
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

/** Prints what Lighthouse says of the pages: the median of three runs, because the first of them is a time. */
async function judge(): Promise<void> {
  const words = process.argv.slice(2);
  if (words.includes('--help')) return console.log(USAGE);
  const unknown = words.find((word) => !['--strict', '--phone'].includes(word));
  if (unknown !== undefined) throw new AppError('USAGE', `There is no flag ${unknown}.`, { hint: USAGE });
  await using house = await openHouse();
  await furnish(house);
  await using auditor = await openAuditor(house.url, words.includes('--phone') ? 'phone' : 'desktop');
  const found = new Map<string, Audit>();
  const look = async (path: string) => {
    const runs: Audit[] = [];
    for (let run = 0; run < RUNS; run++) runs.push(await auditor.audit(path, CATEGORIES));
    found.set(path, median(runs));
  };
  for (const path of OUTSIDE) await look(path);
  await auditor.signIn(house.who);
  for (const path of INSIDE) await look(path);

  const rows = [...found].map(([path, { scores }]) => [path, ...CATEGORIES.map((name) => String(scores[name]))]);
  for (const line of formatColumns([['page', ...CATEGORIES], ...rows], 'lrrr')) console.log(line);
  const low = [...found].flatMap(([path, { scores, faults }]) =>
    CATEGORIES.some((name) => (scores[name] ?? 0) < LEAST[name]) ? faults.map((fault) => `${path}: ${fault}`) : [],
  );
  for (const line of low) console.log(line);
  if (low.length > 0 && words.includes('--strict')) throw new AppError('UNEXPECTED', 'Lighthouse is not content.');
}

/** The run whose performance is in the middle. */
function median(runs: Audit[]): Audit {
  const sorted = runs.toSorted((a, b) => (a.scores.performance ?? 0) - (b.scores.performance ?? 0));
  return sorted[Math.floor(sorted.length / 2)] ?? { scores: {}, faults: ['not measured'] };
}

if (import.meta.main) await runRoot(judge, exitCodeOf);
