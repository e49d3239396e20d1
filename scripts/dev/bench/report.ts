import { formatColumns, formatCount, formatMoment } from '../../command/format.ts';
import type { Goal, Verdict } from './goals.ts';
import type { Summary } from './statistics.ts';

/** Machine, versions and data behind the numbers. */
export interface Circumstances {
  date: string;
  cores: number;
  processor: string;
  memoryBytes: number;
  postgres: string;
  locale: string;
  settings: Record<string, string>;
  runtime: string;
  rows: number;
  /** Bytes of all rows as COPY text. */
  copyBytes: number;
  rounds: number;
}

/** Renders the report for people: circumstances, measurements, goals met. One MB is a million bytes. */
export function renderReport(where: Circumstances, summaries: Summary[], verdicts: Verdict[]): string[] {
  return [
    ...renderCircumstances(where),
    '',
    ...renderSummaries(summaries),
    ...renderLatencies(summaries),
    ...renderVerdicts(verdicts),
  ];
}

/** Renders the report of memory alone. */
export function renderMemory(where: Circumstances, summaries: Summary[]): string[] {
  const rows = summaries.map((summary) => [summary.label, megabytes(summary.peakRss)]);
  return [...renderCircumstances(where), '', ...formatColumns([['', 'peak RSS MB'], ...rows], 'lr')];
}

function renderCircumstances(where: Circumstances): string[] {
  const settings = Object.entries(where.settings).map(([name, value]) => `${name} ${value}`);
  return [
    `${formatMoment(where.date)}, ${where.cores} cores (${where.processor}), ${gigabytes(where.memoryBytes)} GB of memory, ${where.runtime}`,
    `PostgreSQL ${where.postgres}, locale ${where.locale}, ${settings.join(', ')}`,
    `${formatCount(where.rows)} rows, ${megabytes(where.copyBytes)} MB of COPY text, ${where.rounds === 1 ? '1 round' : `${where.rounds} rounds`}, two jobs for everybody`,
  ];
}

function renderSummaries(summaries: Summary[]): string[] {
  const head = ['', 'median s', 'min–max s', 'process s', 'MB', 'peak RSS MB', 'MB rows/s', 'locked s'];
  const rows = summaries.map(({ label, seconds, ...summary }) => [
    label,
    fixed(seconds.median, 2),
    `${fixed(seconds.least, 2)}–${fixed(seconds.most, 2)}`,
    fixed(summary.wallSeconds, 2),
    megabytes(summary.size),
    megabytes(summary.peakRss),
    megabytes(summary.rate),
    fixed(summary.lockedSeconds, 2),
  ]);
  return formatColumns([head, ...rows], 'lrrrrrrr');
}

function renderLatencies(summaries: Summary[]): string[] {
  const rows = summaries.flatMap(({ label, latency }) =>
    latency === null
      ? []
      : [
          [
            label,
            formatCount(latency.answers),
            ...[latency.median, latency.p99, latency.most].map((ms) => fixed(ms, 1)),
          ],
        ],
  );
  if (rows.length === 0) return [];
  return ['', ...formatColumns([['', 'answers', 'median ms', 'p99 ms', 'most ms'], ...rows], 'lrrrr')];
}

function renderVerdicts(verdicts: Verdict[]): string[] {
  if (verdicts.length === 0) return [];
  const rows = verdicts.map(({ goal, reached, met }) => {
    const show = (value: number) => showReached(goal.kind, value);
    const limit = goal.kind === 'rate' ? `≥ ${show(goal.least)}` : `≤ ${show(goal.most)}`;
    return [goal.says, show(reached), limit, met ? 'met' : goal.aim ? 'not yet (an aim)' : 'MISSED'];
  });
  return ['', ...formatColumns([['goal', 'reached', 'wanted', ''], ...rows], 'lrrl')];
}

function showReached(kind: Goal['kind'], value: number): string {
  if (kind === 'latency') return fixed(value, 1);
  return kind === 'time' || kind === 'size' ? `${fixed(value, 3)} ×` : megabytes(value);
}

function fixed(value: number | null, decimals: number): string {
  return value === null ? '–' : value.toFixed(decimals);
}

function megabytes(bytes: number | null): string {
  return bytes === null ? '–' : formatCount(bytes / 1e6);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(0);
}
