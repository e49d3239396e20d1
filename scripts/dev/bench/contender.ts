import type { Bench } from './bench.ts';

/** Measurements of one run of a contender. */
export interface Measured {
  seconds: number;
  /** Seconds of the whole process, when `seconds` stops earlier. */
  wallSeconds?: number;
  /** Bytes of the resulting file or folder. */
  size?: number;
  /** Peak memory in bytes, for a contender that is one process. */
  peakRss?: number | null;
  /** Bytes of rows processed. */
  rowBytes?: number;
  lockedSeconds?: number;
  /** Milliseconds of each answer that was waited for. */
  answerTimes?: number[];
}

/** One subject of measurement: a verb of ours or a peer's. */
export interface Contender {
  /** Name for `--only`. */
  key: string;
  label: string;
  /** Runs it once. Prepares whatever is not measured (a dump to restore, a database to restore into) before its time begins. */
  run(bench: Bench): Promise<Measured>;
}
