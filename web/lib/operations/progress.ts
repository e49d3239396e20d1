import type { Operation } from '../../api.ts';
import { words } from '../../strings/shared.ts';
import { bytesText, countText } from '../format.ts';

type Progress = NonNullable<Operation['progress']>;
type Step = readonly (readonly [stage: string, usualShare: number])[];

/** The steps of each kind of operation: their stages, each with its approximate share of the time. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  backup: [[['prepare', 1]], [['copy', 10]], [['finish', 1]], [['verify', 6]]],
  restore: [
    [['open', 1]],
    [['stage', 8]],
    [
      ['lock', 1],
      ['apply', 6],
      ['indexes', 2],
      ['links', 2],
      ['commit', 1],
    ],
    [
      ['analyze', 1],
      ['clean', 1],
    ],
  ],
  verify: [[['verify', 1]]],
};
/** Stages of a restore during which others wait for its tables. */
const LOCKING_STAGES = ['apply', 'indexes', 'links', 'commit'];

/** Returns the current step and the number of steps; null when there is only one, or the stage is unknown. */
export function stepOf({ kind, progress }: Pick<Operation, 'kind' | 'progress'>): { at: number; of: number } | null {
  const steps = STEPS[kind] ?? [];
  const at = steps.findIndex((step) => step.some(([stage]) => stage === progress?.stage));
  return at < 0 || steps.length < 2 ? null : { at: at + 1, of: steps.length };
}

/** Returns the done share of the whole operation, from 0 to 1; null when it is unknown. */
export function shareOf({ kind, progress }: Pick<Operation, 'kind' | 'progress'>): number | null {
  if (!progress) return null;
  const inside = shareOfStage(progress);
  const stages = (STEPS[kind] ?? []).flat();
  const at = stages.findIndex(([stage]) => stage === progress.stage);
  if (at < 0) return inside;
  const sum = (some: Step) => some.reduce((all, [, share]) => all + share, 0);
  const done = sum(stages.slice(0, at)) + (stages[at]?.[1] ?? 0) * (inside ?? 0);
  return Math.min(MAX_SHARE, done / sum(stages));
}

/** Returns the share to show after `before`. It never falls for a kind with known steps, whatever a later estimate says. */
export function monotonicShare(before: number | null, operation: Pick<Operation, 'kind' | 'progress'>): number | null {
  const share = shareOf(operation);
  if (!Object.hasOwn(STEPS, operation.kind)) return share;
  return share === null ? before : Math.max(share, before ?? 0);
}

/** Upper bound for a share: totals are estimates, so unfinished work never shows as done. */
const MAX_SHARE = 0.99;

function shareOfStage({ rows, bytes, totalBytes, totalRows = 0 }: Progress): number | null {
  if (totalRows > 0) return Math.min(MAX_SHARE, rows / totalRows);
  return totalBytes > 0 ? Math.min(MAX_SHARE, bytes / totalBytes) : null;
}

/** Returns the amount done, and of how much. Empty while nothing is counted. */
export function doneText({ rows, bytes, totalBytes, totalRows = 0 }: Progress): string {
  const { operation: w } = words;
  if (rows + bytes <= 0) return '';
  if (totalRows > 0) return w.rowsOf(rows, Math.max(rows, totalRows));
  const done = totalBytes > bytes ? w.bytesOf(bytesText(bytes), bytesText(totalBytes)) : bytesText(bytes);
  return bytes > 0 ? `${w.rowsDone(rows)}, ${done}` : w.rowsDone(rows);
}

/** Returns the speed and the remaining time of the current step. Empty when both are unknown. */
export function paceText({ rowsPerSecond, bytesPerSecond, secondsLeft }: Progress): string {
  const { operation: w } = words;
  return [
    rowsPerSecond > 0 && `${countText(rowsPerSecond)} rows/s`,
    bytesPerSecond > 0 && `${bytesText(bytesPerSecond)}/s`,
    secondsLeft !== null && w.left(secondsLeft),
  ]
    .filter(Boolean)
    .join(', ');
}

/** Returns a sentence on who waits: the operation for users of the tables, or they for it. Null when nobody waits. */
export function waitNotice({ kind, state, progress }: Pick<Operation, 'kind' | 'state' | 'progress'>): string | null {
  if (state !== 'running' || !progress) return null;
  if (progress.blocked) return words.operation.waitingLead;
  return kind === 'restore' && LOCKING_STAGES.includes(progress.stage) ? words.operation.lockedLead : null;
}
