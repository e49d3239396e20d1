import type { ProgressEvent, ProgressStage } from '../../server/core/progress.ts';
import { formatCounted, formatDuration, formatSize, printable } from './format.ts';

const STAGES: Record<ProgressStage, string> = {
  prepare: 'preparing',
  copy: 'copying',
  finish: 'finishing',
  verify: 'verifying',
  open: 'opening',
  compare: 'comparing with live',
  differences: 'counting differences',
  rules: 'trying foreign keys and checks',
  stage: 'staging',
  lock: 'locking the tables',
  apply: 'applying',
  indexes: 'building indexes',
  links: 'checking foreign keys',
  commit: 'committing',
  analyze: 'analyzing',
  clean: 'cleaning up',
};

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
/** Milliseconds over which the rate is measured, so that a slow start does not spoil the time left. */
const RATE_WINDOW_MS = 8_000;

export interface ProgressDisplay {
  onProgress(event: ProgressEvent): void;
  /** Redraws without news; call it a few times a second to show that a waiting stage is alive. */
  tick(): void;
  /** Clears the redrawn line, so that other text can be written. The next event draws it again. */
  clear(): void;
}

export interface ProgressOptions {
  write(text: string): void;
  /** `line`: one line, redrawn. `plain`: a line at each change of stage and every few seconds. */
  style: 'line' | 'plain';
  columns(): number;
  now(): Date;
}

/** Shows progress with rate and time left. Never throws: a display is no reason to fail a backup. */
export function createProgress(options: ProgressOptions): ProgressDisplay {
  let latest: ProgressEvent | null = null;
  let stageStart = 0;
  let shownAt = 0;
  let drawn = false;
  let marks: Mark[] = [];

  function show(at: number): void {
    if (!latest) return;
    shownAt = at;
    const line = describe(latest, at - stageStart, rateOf(marks));
    if (options.style === 'plain') options.write(`${line}\n`);
    else options.write(`\r${fit(line, options.columns() - 1)}\x1b[K`);
    drawn = options.style === 'line';
  }

  return {
    onProgress(event) {
      const at = options.now().getTime();
      // A person who waits must learn at once that another operation is in the way.
      if (event.stage !== latest?.stage || event.blocked !== latest.blocked) {
        stageStart = at;
        marks = [];
        shownAt = Number.NEGATIVE_INFINITY;
      }
      latest = event;
      const last = marks.at(-1);
      const { done } = measureOf(event);
      if (!last || at - last.at >= REDRAW_MS) marks.push({ at, done });
      else last.done = done;
      while ((marks[1]?.at ?? at) < at - RATE_WINDOW_MS) marks.shift();
      if (at - shownAt >= (options.style === 'plain' ? PLAIN_LINE_MS : REDRAW_MS)) show(at);
    },
    tick() {
      const at = options.now().getTime();
      if (latest && at - shownAt >= (options.style === 'plain' ? PLAIN_LINE_MS : 1_000)) show(at);
    },
    clear() {
      if (drawn) options.write('\r\x1b[K');
      drawn = false;
    },
  };
}

interface Mark {
  at: number;
  done: number;
}

/** Returns the progress of a stage, in bytes or in rows. The total is an estimate, or 0. */
function measureOf({ rows, bytes, totalBytes, totalRows }: ProgressEvent): { done: number; total: number } {
  return totalRows === undefined ? { done: bytes, total: totalBytes } : { done: rows, total: totalRows };
}

/** Returns the rate per second over the marks, or null while there are too few. */
function rateOf(marks: Mark[]): number | null {
  const first = marks[0];
  const last = marks.at(-1);
  if (!first || !last || last.at - first.at < 500 || last.done <= first.done) return null;
  return ((last.done - first.done) * 1000) / (last.at - first.at);
}

function describe(event: ProgressEvent, elapsedMs: number, rate: number | null): string {
  const { rows, bytes, totalBytes } = event;
  const { done, total } = measureOf(event);
  const parts = [event.blocked ? 'waiting for the tables' : STAGES[event.stage]];
  // The total is an estimate: never more than all, and never all before the stage is over.
  if (total > 0 && done > 0) parts.push(`${Math.min(99, Math.floor((done * 100) / total))} %`);
  if (rows > 0) parts.push(formatCounted(rows, 'row'));
  const inBytes = event.totalRows === undefined;
  if (bytes > 0)
    parts.push(bytes < totalBytes ? `${formatSize(bytes)} of ${formatSize(totalBytes)}` : formatSize(bytes));
  if (rate) parts.push(inBytes ? `${formatSize(rate)}/s` : `${formatCounted(Math.round(rate), 'row')}/s`);
  if (rate && total > done) parts.push(`${formatDuration(Math.ceil((total - done) / rate) * 1000)} left`);
  else if (elapsedMs >= 1_000) parts.push(`for ${formatDuration(elapsedMs)}`);
  if (event.table) parts.push(printable(event.table));
  return parts.join('  ');
}

function fit(line: string, columns: number): string {
  if (columns < 20 || Bun.stringWidth(line) <= columns) return line;
  let kept = '';
  for (const { segment } of new Intl.Segmenter().segment(line)) {
    if (Bun.stringWidth(kept + segment) >= columns) break;
    kept += segment;
  }
  return `${kept}…`;
}
