import type { BackupInfo, Operation } from '../../api.ts';

/** The state of one day: that of its best backup. */
export type DayState = 'good' | 'partial' | 'failed' | 'none';

export interface BackupDay {
  /** The first moment of the day, in the viewer's time zone. */
  day: Date;
  state: DayState;
}

type Stored = Pick<BackupInfo, 'kind' | 'outcome' | 'damaged' | 'uploaded' | 'metadata' | 'createdAt'>;

/** Returns the last days up to today, oldest first. Uploaded backups were made elsewhere and count for no day. Pure. */
export function backupDays(
  backups: readonly Stored[],
  failures: readonly Pick<Operation, 'createdAt'>[],
  now: Date,
  count: number,
): BackupDay[] {
  const found = new Map<string, Set<DayState>>();
  const note = (at: string, state: DayState) => {
    const day = new Date(at).toDateString();
    found.set(day, (found.get(day) ?? new Set()).add(state));
  };
  for (const backup of backups)
    if (!backup.uploaded) note(backup.metadata?.timestamp ?? backup.createdAt, stateOf(backup));
  for (const { createdAt } of failures) note(createdAt, 'failed');
  return Array.from({ length: count }, (_, index) => {
    // By the calendar, because days differ in length.
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index));
    const states = found.get(day.toDateString());
    return { day, state: BEST_FIRST.find((state) => states?.has(state)) ?? 'none' };
  });
}

const BEST_FIRST: readonly DayState[] = ['good', 'partial', 'failed'];

function stateOf({ kind, outcome, damaged }: Stored): DayState {
  if (damaged) return 'failed';
  return outcome === 'success' && kind !== 'partial' ? 'good' : 'partial';
}
