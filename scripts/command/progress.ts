import type { ProgressEvent, ProgressStage } from '../../server/progress.ts';
import { formatCounted, formatDuration, formatSize, printable } from './format.ts';

const STAGES: Record<ProgressStage, string> = {
  prepare: 'preparing',
  copy: 'copying',
  finish: 'finishing',
  verify: 'verifying',
  open: 'opening',
  stage: 'staging',
  lock: 'waiting for the tables',
  apply: 'applying',
  indexes: 'building indexes',
  links: 'checking links',
  commit: 'committing',
  analyze: 'analyzing',
  clean: 'cleaning up',
};

const REDRAW_MS = 100;
const PLAIN_LINE_MS = 5_000;
/** The rate is that of the last few seconds: a slow start does not spoil the time left. */
const RATE_WINDOW_MS = 8_000;

export interface ProgressDisplay {
  onProgress(event: ProgressEvent): void;
  /** Time passed without news; call it a few times a second so that a waiting stage is seen to be alive. */
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
  let stage: ProgressStage | null = null;
  let latest: ProgressEvent | null = null;
  let stageStart = 0;
  let shownAt = 0;
  let drawn = false;
  let marks: { at: number; bytes: number }[] = [];

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
      if (event.stage !== stage) {
        stage = event.stage;
        stageStart = at;
        marks = [];
        shownAt = Number.NEGATIVE_INFINITY;
      }
      latest = event;
      const last = marks.at(-1);
      if (!last || at - last.at >= REDRAW_MS) marks.push({ at, bytes: event.bytes });
      else last.bytes = event.bytes;
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

/** Bytes per second over the marks, null while there is too little to say. */
function rateOf(marks: { at: number; bytes: number }[]): number | null {
  const first = marks[0];
  const last = marks.at(-1);
  if (!first || !last || last.at - first.at < 500 || last.bytes <= first.bytes) return null;
  return ((last.bytes - first.bytes) * 1000) / (last.at - first.at);
}

function describe(event: ProgressEvent, elapsedMs: number, rate: number | null): string {
  const { rows, bytes, totalBytes } = event;
  const parts = [STAGES[event.stage]];
  // The expected bytes are an estimate: never more than all, and never all before the stage is over.
  if (totalBytes > 0 && bytes > 0) parts.push(`${Math.min(99, Math.floor((bytes * 100) / totalBytes))} %`);
  if (rows > 0) parts.push(formatCounted(rows, 'row'));
  // A stage that counts rows alone gives them as bytes too; its share and time left hold all the same.
  const inBytes = bytes > 0 && bytes !== rows;
  if (inBytes) parts.push(bytes < totalBytes ? `${formatSize(bytes)} of ${formatSize(totalBytes)}` : formatSize(bytes));
  if (rate) parts.push(inBytes ? `${formatSize(rate)}/s` : `${formatCounted(Math.round(rate), 'row')}/s`);
  if (rate && totalBytes > bytes) parts.push(`${formatDuration(Math.ceil((totalBytes - bytes) / rate) * 1000)} left`);
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
