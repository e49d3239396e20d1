import type { BackupInfo, Operation } from '../../api.ts';

/** What became of a day's backups: the best of them counts. */
export type DayState = 'good' | 'partial' | 'failed' | 'none';

export interface BackupDay {
  /** Its first moment, in the viewer's own zone. */
  day: Date;
  state: DayState;
}

type Stored = Pick<BackupInfo, 'kind' | 'outcome' | 'damaged' | 'uploaded' | 'metadata' | 'createdAt'>;

/** The last days up to today, the oldest first. An uploaded backup was made elsewhere, and counts for no day here. Pure. */
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
    // By the calendar: days are not all equally long.
    const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() - (count - 1 - index));
    const states = found.get(day.toDateString());
    return { day, state: BEST.find((state) => states?.has(state)) ?? 'none' };
  });
}

const BEST: readonly DayState[] = ['good', 'partial', 'failed'];

function stateOf({ kind, outcome, damaged }: Stored): DayState {
  if (damaged) return 'failed';
  return outcome === 'success' && kind !== 'partial' ? 'good' : 'partial';
}
