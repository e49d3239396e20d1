/** What a long operation says of itself while it runs. Numbers only grow within a stage. */
export interface ProgressEvent {
  stage: ProgressStage;
  /** Rows done, of all tables. */
  rows: number;
  /** Bytes done and expected; expected is an estimate, or 0 where none can be made. Both are 0 in a stage that counts rows alone. */
  bytes: number;
  totalBytes: number;
  /** Rows expected, where a stage counts rows alone. */
  totalRows?: number;
  /** What it asks for, in `lock`, is held by somebody else. */
  blocked?: boolean;
  /** The table just worked on, `schema.name`. */
  table?: string;
}

export type ProgressStage =
  | 'prepare'
  | 'copy'
  | 'finish'
  | 'verify'
  | 'open'
  | 'stage'
  | 'lock'
  | 'apply'
  | 'indexes'
  | 'links'
  | 'commit'
  | 'analyze'
  | 'clean';

export type OnProgress = (event: ProgressEvent) => void;
