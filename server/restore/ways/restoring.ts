import type { Session } from '../../../db/connect/session.ts';
import type { WorkingSession } from '../../../db/connect/working-session.ts';
import type { Archive } from '../../archive/reader.ts';
import type { OnProgress } from '../../core/progress.ts';
import { refuseAlteredTypes } from '../../postgres/catalog/altered-types.ts';
import type { Blocker } from '../../postgres/locks/blockers.ts';
import type { BackupKnowledge } from '../../postgres/rewrite/broken-rules.ts';
import type { FoundSequences } from '../../postgres/rewrite/set-sequences.ts';
import { addToStaging, createStaging } from '../../postgres/staging/staging.ts';
import type { ApprovedPlan } from '../compare/approved-plan.ts';
import type { PlannedTable } from '../plan.ts';
import type { Target } from '../read-target.ts';
import { stageAll } from '../stage.ts';
import type { ChosenWay, WantedWay } from './way.ts';

/** The operation's record inside the transaction that changes the tables. `jobs/receipt.ts` implements it. */
export interface Receipt {
  readonly operationId: string;
  /** Throws unless the record still says `running`: somebody may have ended an operation that looked dead. */
  confirm(session: Session): Promise<void>;
  succeed(session: Session, result: Record<string, unknown>): Promise<void>;
}

export interface LockPatience {
  /** Longest single wait for the table locks, in milliseconds. */
  tryMs: number;
  /** Milliseconds after which no further try is made. */
  giveUpMs: number;
  now: () => number;
  pause: (ms: number) => Promise<void>;
  onBlocked: (blockers: Blocker[]) => void;
}

/** Number of rows of one table that came back, were changed, and went. */
export interface RowChanges {
  added: number;
  changed: number;
  removed: number;
}

/** How live was changed. */
export interface Applied extends ChosenWay {
  /** By table, the rows that were changed where only those were; tables without any are missing. */
  changes?: Record<string, RowChanges>;
  /** Milliseconds from holding every lock until the record was written. Tries that failed before are not counted. */
  lockedMs: number;
  /** Longest that somebody who read the tables had to wait, in milliseconds; `writersWaitMs` for those who wrote to them. */
  readersWaitMs: number;
  writersWaitMs: number;
  warnings: string[];
}

/** A restore that is planned and allowed, before any row has moved: what each way of applying works with. */
export interface Restoring {
  wanted: WantedWay;
  databaseUrl: string;
  bytesPerSession?: number;
  /** Name by which the server shows the connections of this restore. */
  name: string;
  /** The private schema for staging, which does not exist as long as nothing is staged. */
  schema: string;
  /** The tables that `stageTables` has loaded into staging. */
  staged: Set<PlannedTable>;
  jobs: number;
  archive: Archive;
  leader: WorkingSession;
  target: Target;
  found: FoundSequences;
  knowledge: BackupKnowledge;
  /** The plan beyond which no row may be removed or overwritten. */
  approved?: ApprovedPlan;
  receipt: Receipt;
  /** Makes the result for the record, just before the commit. */
  result: (applied: Applied) => Record<string, unknown>;
  patience: LockPatience;
  onProgress: OnProgress;
  signal: AbortSignal;
}

/**
 * Loads these tables into staging, except those that are there already. Throws RESTORE_REFUSED when a type of live was altered meanwhile.
 */
export async function stageTables(restoring: Restoring, wanted: PlannedTable[]): Promise<void> {
  const { leader, schema, target, staged } = restoring;
  const tables = wanted.filter((table) => !staged.has(table));
  const created = tables.map((table) => table.staging);
  if (tables.length > 0) {
    await (staged.size === 0 ? createStaging(leader, schema, created) : addToStaging(leader, created));
    for (const table of tables) staged.add(table);
    await stageAll(restoring, { ...restoring, tables }, restoring);
  }
  await refuseAlteredTypes(leader, target.types, target, 'While the backup was loaded into staging');
}
