import type { Operation } from '../api.ts';
import { words } from '../strings/shared.ts';
import { bytesText, countText } from './format.ts';

type Progress = NonNullable<Operation['progress']>;
type Step = readonly (readonly [stage: string, usualShare: number])[];

/** The steps of each kind of work: the stages they are made of, each with about how much of the time it takes. */
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
/** Others wait for the tables of a restore from here to its commit. */
const LOCKING = ['apply', 'indexes', 'links', 'commit'];

/** Which of how many steps an operation is at; null where there is one alone, or nobody knows. */
export function stepOf({ kind, progress }: Pick<Operation, 'kind' | 'progress'>): { at: number; of: number } | null {
  const steps = STEPS[kind] ?? [];
  const at = steps.findIndex((step) => step.some(([stage]) => stage === progress?.stage));
  return at < 0 || steps.length < 2 ? null : { at: at + 1, of: steps.length };
}

/** How far the whole work is, from 0 to 1; null where nobody knows. */
export function shareOf({ kind, progress }: Pick<Operation, 'kind' | 'progress'>): number | null {
  if (!progress) return null;
  const inside = shareOfStage(progress);
  const stages = (STEPS[kind] ?? []).flat();
  const at = stages.findIndex(([stage]) => stage === progress.stage);
  if (at < 0) return inside;
  const sum = (some: Step) => some.reduce((all, [, share]) => all + share, 0);
  const done = sum(stages.slice(0, at)) + (stages[at]?.[1] ?? 0) * (inside ?? 0);
  return Math.min(MOST, done / sum(stages));
}

/** The share that is shown after the one `before`: of a work whose steps are known what was done stays done, whatever a later estimate says. */
export function shareAfter(before: number | null, operation: Pick<Operation, 'kind' | 'progress'>): number | null {
  const share = shareOf(operation);
  if (!Object.hasOwn(STEPS, operation.kind)) return share;
  return share === null ? before : Math.max(share, before ?? 0);
}

/** What is expected is an estimate: what is not done is never shown as done. */
const MOST = 0.99;

function shareOfStage({ rows, bytes, totalBytes, totalRows = 0 }: Progress): number | null {
  if (totalRows > 0) return Math.min(MOST, rows / totalRows);
  return totalBytes > 0 ? Math.min(MOST, bytes / totalBytes) : null;
}

/** What is done, and of how much. Empty while nothing is counted. */
export function doneText({ rows, bytes, totalBytes, totalRows = 0 }: Progress): string {
  const { operation: w } = words;
  if (rows + bytes <= 0) return '';
  if (totalRows > 0) return w.rowsOf(rows, Math.max(rows, totalRows));
  const done = totalBytes > bytes ? w.bytesOf(bytesText(bytes), bytesText(totalBytes)) : bytesText(bytes);
  return bytes > 0 ? `${w.rowsDone(rows)}, ${done}` : w.rowsDone(rows);
}

/** How fast it goes, and how long its step still takes. Empty where nobody knows. */
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

/** Who waits for whom: the operation for those who use the tables, or they for it. Null where nobody waits. */
export function waitOf({ kind, state, progress }: Pick<Operation, 'kind' | 'state' | 'progress'>): string | null {
  if (state !== 'running' || !progress) return null;
  if (progress.blocked) return words.operation.waitingLead;
  return kind === 'restore' && LOCKING.includes(progress.stage) ? words.operation.lockedLead : null;
}
