import type { Measured } from './contender.ts';

/** Results of all rounds of one contender. Times in seconds, sizes in bytes; null where nothing was measured. */
export interface Summary {
  key: string;
  label: string;
  rounds: number;
  seconds: { median: number; least: number; most: number };
  /** Seconds of the whole process, when `seconds` is less. */
  wallSeconds: number | null;
  size: number | null;
  /** The largest of all rounds. */
  peakRss: number | null;
  /** Bytes of rows processed per second. */
  rate: number | null;
  /** Seconds for which the tables were locked. */
  lockedSeconds: number | null;
  /** Milliseconds of the answers, over all rounds. */
  latency: Latency | null;
}

export interface Latency {
  answers: number;
  median: number;
  p99: number;
  most: number;
}

/** Returns the middle value, or the mean of the two in the middle. Throws a RangeError for none. */
export function median(values: number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const [low, high] = [sorted[Math.floor((sorted.length - 1) / 2)], sorted[Math.floor(sorted.length / 2)]];
  if (low === undefined || high === undefined) throw new RangeError('nothing has no median');
  return (low + high) / 2;
}

/** Returns the least value that `percent` percent of all values do not exceed. Throws a RangeError for none. */
export function percentile(values: number[], percent: number): number {
  const rank = Math.max(1, Math.ceil((percent / 100) * values.length));
  const value = values.toSorted((a, b) => a - b)[rank - 1];
  if (value === undefined) throw new RangeError('nothing has no percentile');
  return value;
}

function latencyOf(times: number[]): Latency | null {
  if (times.length === 0) return null;
  return { answers: times.length, median: median(times), p99: percentile(times, 99), most: percentile(times, 100) };
}

/** Summarises the rounds of one contender. Throws a RangeError when there was none. */
export function summarise(key: string, label: string, runs: Measured[]): Summary {
  const seconds = runs.map((run) => run.seconds);
  const all = (of: (run: Measured) => number | null | undefined) => runs.map(of).filter((value) => value != null);
  const middle = (values: number[]) => (values.length === 0 ? null : median(values));
  const peaks = all((run) => run.peakRss);
  return {
    key,
    label,
    rounds: runs.length,
    seconds: { median: median(seconds), least: Math.min(...seconds), most: Math.max(...seconds) },
    wallSeconds: middle(all((run) => run.wallSeconds)),
    size: middle(all((run) => run.size)),
    peakRss: peaks.length === 0 ? null : Math.max(...peaks),
    rate: middle(all((run) => run.rowBytes && run.rowBytes / run.seconds)),
    lockedSeconds: middle(all((run) => run.lockedSeconds)),
    latency: latencyOf(runs.flatMap((run) => run.answerTimes ?? [])),
  };
}
