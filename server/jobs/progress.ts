import type { ProgressEvent, ProgressStage } from '../core/progress.ts';

/** Progress of an operation, as its record shows it. */
export interface OperationProgress extends Omit<ProgressEvent, 'table'> {
  /** Measured over the last seconds. */
  rowsPerSecond: number;
  bytesPerSecond: number;
  /** Seconds left of this stage; null while unknown. */
  secondsLeft: number | null;
  /** By `schema.name`, of the last stage that worked table by table. */
  tables: Record<string, { rows: number; bytes: number }>;
}

/** Turns the events of a verb into what its record shows. */
export interface ProgressTracker {
  add(event: ProgressEvent): void;
  /** Returns null before the first event. */
  view(): OperationProgress | null;
  /** Returns the time of the last event, in milliseconds since 1970. */
  lastEventAt(): number;
}

/** Window of the rate: the last few seconds, so that a slow start does not spoil the time left. */
const RATE_WINDOW_MS = 8_000;
/** Least distance between two marks; closer ones say little about a rate and would make the window long. */
const MARK_MS = 100;
/** Least time measured before a rate is given. */
const RATE_LEAST_MS = 500;

interface Counts {
  rows: number;
  bytes: number;
}

export function trackProgress(now: () => Date): ProgressTracker {
  let latest: ProgressEvent | null = null;
  let eventAt = now().getTime();
  let counted: Counts = { rows: 0, bytes: 0 };
  let tables: Record<string, Counts> = {};
  let tablesStage: ProgressStage | null = null;
  let marks: (Counts & { at: number })[] = [];

  const count = (event: ProgressEvent) => {
    // A new stage begins at zero, or goes on from where the last one stopped; its first event with a table tells which.
    if (event.stage !== latest?.stage) counted = event.table ? { rows: 0, bytes: 0 } : event;
    if (event.table) {
      if (event.stage !== tablesStage) tables = {};
      tablesStage = event.stage;
      const table = tables[event.table] ?? { rows: 0, bytes: 0 };
      // Each event speaks of one table, so the difference from the last event is that table's.
      tables[event.table] = {
        rows: table.rows + Math.max(0, event.rows - counted.rows),
        bytes: table.bytes + Math.max(0, event.bytes - counted.bytes),
      };
    }
    counted = { rows: event.rows, bytes: event.bytes };
  };

  return {
    add(event) {
      eventAt = now().getTime();
      if (event.stage !== latest?.stage) marks = [];
      count(event);
      latest = event;
      const last = marks.at(-1);
      const mark = { at: eventAt, rows: event.rows, bytes: event.bytes };
      if (!last || eventAt - last.at >= MARK_MS) marks.push(mark);
      else Object.assign(last, { rows: event.rows, bytes: event.bytes });
      while ((marks[1]?.at ?? eventAt) < eventAt - RATE_WINDOW_MS) marks.shift();
    },
    view() {
      if (!latest) return null;
      const { stage, rows, bytes, totalBytes, totalRows, blocked } = latest;
      const rates = ratesOf(marks);
      const [left, rate] =
        totalRows === undefined ? [totalBytes - bytes, rates.bytesPerSecond] : [totalRows - rows, rates.rowsPerSecond];
      return {
        stage,
        rows,
        bytes,
        totalBytes,
        ...(totalRows !== undefined && { totalRows }),
        ...(blocked && { blocked }),
        ...rates,
        secondsLeft: rate > 0 && left >= 0 ? Math.ceil(left / rate) : null,
        tables: { ...tables },
      };
    },
    lastEventAt: () => eventAt,
  };
}

function ratesOf(marks: (Counts & { at: number })[]): { rowsPerSecond: number; bytesPerSecond: number } {
  const [first, last] = [marks[0], marks.at(-1)];
  const ms = first && last ? last.at - first.at : 0;
  if (!first || !last || ms < RATE_LEAST_MS) return { rowsPerSecond: 0, bytesPerSecond: 0 };
  const per = (amount: number) => Math.max(0, Math.round((amount * 1000) / ms));
  return { rowsPerSecond: per(last.rows - first.rows), bytesPerSecond: per(last.bytes - first.bytes) };
}
