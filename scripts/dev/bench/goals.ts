import type { Summary } from './statistics.ts';

/** A number to reach. Keys are those of the contenders. */
export type Goal = { of: string; says: string; aim?: true } & (
  | { kind: 'time'; against: string; most: number }
  | { kind: 'size'; against: string; most: number }
  /** Bytes of rows per second. */
  | { kind: 'rate'; least: number }
  /** Bytes. */
  | { kind: 'memory'; most: number }
  /** Milliseconds of the median answer. */
  | { kind: 'latency'; most: number }
);

export interface Verdict {
  goal: Goal;
  /** Ratio, bytes per second, bytes, or milliseconds, by the goal's kind. */
  reached: number;
  met: boolean;
}

const MEMORY = 200e6;
const SERVER_MEMORY = 250e6;
const LATENCY = 20;

/** All goals. One marked `aim` is hoped for, not promised. */
export const GOALS: Goal[] = [
  {
    of: 'backup-deflate',
    says: 'backup, deflate: time of pg_dump -Fd -j2 -Z1',
    kind: 'time',
    against: 'dump-d-j2',
    most: 0.9,
  },
  { of: 'backup-deflate', says: 'backup, deflate: time of pg_dump -Fc', kind: 'time', against: 'dump-c', most: 0.4 },
  {
    of: 'backup-zstd',
    says: 'backup, zstd: time of pg_dump -Fd -j2 -Z1',
    kind: 'time',
    against: 'dump-d-j2',
    most: 0.65,
  },
  { of: 'backup-zstd', says: 'backup, zstd: size of pg_dump -Fc', kind: 'size', against: 'dump-c', most: 0.95 },
  {
    of: 'restore-empty',
    says: 'restore, empty: time of pg_restore --single-transaction',
    kind: 'time',
    against: 'pg-restore-1',
    most: 1.1,
  },
  {
    of: 'restore-empty',
    says: 'restore, empty: time of pg_restore -j2',
    kind: 'time',
    against: 'pg-restore-j2',
    most: 1,
    aim: true,
  },
  {
    of: 'restore-full',
    says: 'restore over full, backup included: time of pg_restore --single-transaction',
    kind: 'time',
    against: 'pg-restore-1',
    most: 1.6,
  },
  { of: 'verify', says: 'verify: MB of rows a second', kind: 'rate', least: 300e6 },
  { of: 'find', says: 'find in all rows: time of verify', kind: 'time', against: 'verify', most: 1 },
  { of: 'backup-deflate', says: 'backup, deflate: peak RSS in MB', kind: 'memory', most: MEMORY },
  { of: 'backup-zstd', says: 'backup, zstd: peak RSS in MB', kind: 'memory', most: MEMORY },
  { of: 'restore-empty', says: 'restore, empty: peak RSS in MB', kind: 'memory', most: MEMORY },
  { of: 'restore-full', says: 'restore over full: peak RSS in MB', kind: 'memory', most: MEMORY },
  { of: 'verify', says: 'verify: peak RSS in MB', kind: 'memory', most: MEMORY },
  {
    of: 'server-bytes',
    says: 'server through uploads, a download and a backup: peak RSS in MB',
    kind: 'memory',
    most: SERVER_MEMORY,
  },
  { of: 'server-list', says: 'server, backups.list while a backup runs: median ms', kind: 'latency', most: LATENCY },
  {
    of: 'server-list',
    says: 'server, backups.list while a backup runs: peak RSS in MB',
    aim: true,
    kind: 'memory',
    most: SERVER_MEMORY,
  },
  { of: 'server-get', says: 'server, operations.get while a backup runs: median ms', kind: 'latency', most: LATENCY },
  {
    of: 'server-get',
    says: 'server, operations.get while a backup runs: peak RSS in MB',
    aim: true,
    kind: 'memory',
    most: SERVER_MEMORY,
  },
];

/** Judges the goals whose numbers were all measured, and omits the others. */
export function judge(goals: Goal[], summaries: Summary[]): Verdict[] {
  const by = new Map(summaries.map((summary) => [summary.key, summary]));
  return goals.flatMap((goal) => {
    const reached = reach(goal, by);
    if (reached === null) return [];
    return [{ goal, reached, met: goal.kind === 'rate' ? reached >= goal.least : reached <= goal.most }];
  });
}

function reach(goal: Goal, by: Map<string, Summary>): number | null {
  const ours = by.get(goal.of);
  switch (goal.kind) {
    case 'time':
      return ratio(ours?.seconds.median, by.get(goal.against)?.seconds.median);
    case 'size':
      return ratio(ours?.size, by.get(goal.against)?.size);
    case 'rate':
      return ours?.rate ?? null;
    case 'memory':
      return ours?.peakRss ?? null;
    case 'latency':
      return ours?.latency?.median ?? null;
    default:
      throw new RangeError(`no such goal: ${JSON.stringify(goal satisfies never)}`);
  }
}

function ratio(ours: number | null | undefined, theirs: number | null | undefined): number | null {
  return ours && theirs ? ours / theirs : null;
}
