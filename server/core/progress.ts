/** Progress of a long operation while it runs. Numbers only grow within a stage. */
export interface ProgressEvent {
  stage: ProgressStage;
  /** Rows done, over all tables. */
  rows: number;
  /**
   * Bytes done and expected. The expected number is an estimate, or 0 where none can be made. Both are 0 in a stage
   * that counts rows alone.
   */
  bytes: number;
  totalBytes: number;
  /** Rows expected, in a stage that counts rows alone. */
  totalRows?: number;
  /** True when, in `lock`, another session holds the lock that is wanted. */
  blocked?: boolean;
  /** Table just worked on, as `schema.name`. */
  table?: string;
}

export type ProgressStage =
  | 'prepare'
  | 'copy'
  | 'finish'
  | 'verify'
  | 'open'
  | 'compare'
  | 'differences'
  | 'rules'
  | 'stage'
  | 'lock'
  | 'apply'
  | 'indexes'
  | 'links'
  | 'commit'
  | 'analyze'
  | 'clean';

export type OnProgress = (event: ProgressEvent) => void;
