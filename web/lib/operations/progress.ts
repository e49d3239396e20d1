import type { Operation } from '../../api.ts';
import { words } from '../../strings/shared.ts';
import { bytesText, countText } from '../format.ts';

type Progress = NonNullable<Operation['progress']>;
/** The parts of a step: the stage, or the one of several that occurs, with its approximate share of the time. */
type Step = readonly (readonly [stage: string | readonly string[], usualShare: number])[];

/** The steps of each kind of operation. */
const STEPS: Readonly<Record<string, readonly Step[]>> = {
  backup: [[['prepare', 1]], [['copy', 10]], [['finish', 1]], [['verify', 6]]],
  restore: [
    [['open', 1]],
    [
      ['compare', 3],
      ['stage', 8],
      ['differences', 1],
    ],
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
  plan: [
    [['open', 1]],
    [['compare', 4]],
    [['stage', 4]],
    [
      ['differences', 2],
      ['rules', 2],
    ],
  ],
  verify: [[['verify', 1]]],
  // An archive is read through, a document is loaded; both are then stored and read back.
  upload: [
    [[['open', 'stage'], 6]],
    [
      ['copy', 3],
      ['finish', 1],
    ],
    [['verify', 3]],
  ],
};
/** Stages of a restore during which others wait for its tables. */
const LOCKING_STAGES = ['apply', 'indexes', 'links', 'commit'];

/** The work before an operation, as sending a file is for an upload: its steps, and its share of the whole. */
export interface Lead {
  steps: number;
  share: number;
}

/** Returns the steps of sending a file, which is compressed before unless it is packed. */
export function sendingOf(packed: boolean): { pack: Lead; send: Lead; of: number } {
  const pack = packed ? { steps: 0, share: 0 } : { steps: 1, share: 0.1 };
  const send = { steps: pack.steps + 1, share: 0.6 };
  return { pack, send, of: send.steps + (STEPS['upload']?.length ?? 0) };
}

/** Returns the current step and the number of steps; null when there is only one, or the stage is unknown. */
export function stepOf(
  { kind, progress }: Pick<Operation, 'kind' | 'progress'>,
  lead: Lead = { steps: 0, share: 0 },
): { at: number; of: number } | null {
  const steps = STEPS[kind] ?? [];
  const at = steps.findIndex((step) => step.some(([stage]) => isStage(stage, progress)));
  const of = lead.steps + steps.length;
  return at < 0 || of < 2 ? null : { at: lead.steps + at + 1, of };
}

function isStage(stage: string | readonly string[], progress: Pick<Progress, 'stage'> | null): boolean {
  return progress !== null && [stage].flat().includes(progress.stage);
}

/** Returns the done share of the whole operation, from 0 to 1; null when it is unknown. */
export function shareOf({ kind, progress }: Pick<Operation, 'kind' | 'progress'>): number | null {
  if (!progress) return null;
  const inside = shareOfStage(progress);
  const stages = STEPS[kind]?.flat();
  if (!stages) return inside;
  const at = stages.findIndex(([stage]) => isStage(stage, progress));
  if (at < 0) return null;
  const sum = (some: Step) => some.reduce((all, [, share]) => all + share, 0);
  const done = sum(stages.slice(0, at)) + (stages[at]?.[1] ?? 0) * (inside ?? 0);
  return Math.min(MAX_SHARE, done / sum(stages));
}

/** Returns the share to show after `before`: it never falls, whatever a later estimate says. */
export function monotonicShare(before: number | null, share: number | null): number | null {
  return share === null ? before : Math.max(share, before ?? 0);
}

/** Returns the share of the whole work from that of its last part, the operation. */
export function shareWith(lead: Lead, share: number | null): number {
  return lead.share + (1 - lead.share) * (share ?? 0);
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
