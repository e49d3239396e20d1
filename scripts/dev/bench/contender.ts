import type { Bench } from './bench.ts';

/** What one run of a contender came to. */
export interface Measured {
  seconds: number;
  /** The whole process, where `seconds` stops earlier. */
  wallSeconds?: number;
  /** Bytes of the file or folder it made. */
  size?: number;
  /** Bytes, of a contender that is one process. */
  peakRss?: number | null;
  /** Bytes of rows it worked through. */
  rowBytes?: number;
  lockedSeconds?: number;
  /** Milliseconds of each answer that was waited for. */
  answerTimes?: number[];
}

/** One thing that is measured: a verb of ours or a peer's. */
export interface Contender {
  /** As `--only` names it. */
  key: string;
  label: string;
  /** Runs it once. What it needs and does not measure (a dump to restore, a database to restore into) it makes before its time begins. */
  run(bench: Bench): Promise<Measured>;
}
