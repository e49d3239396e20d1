import type { Session } from '../../db/connect/session.ts';
import { AppError, cancelled } from '../core/errors.ts';
import { type GateMode, gateHolders, tryGate } from '../postgres/locks/advisory-lock.ts';
import { OPERATIONS, writableRecords } from './records.ts';

/**
 * Returns the mode in which an operation takes the gate: shared for a backup or a plan, exclusive for a restore, null for what
 * only reads archives.
 */
export function gateOf(kind: string): GateMode | null {
  if (kind === 'restore') return 'exclusive';
  return kind === 'backup' || kind === 'plan' ? 'shared' : null;
}

export interface GateDeps {
  now: () => Date;
  pause: (ms: number) => Promise<void>;
  /** Called once, when waiting begins. */
  onWait?: (message: string) => void;
}

/**
 * Takes the gate for this session. Throws OPERATION_IN_PROGRESS, naming what runs, when told not to wait or when the
 * limit in milliseconds has passed; throws CANCELLED when the signal aborts meanwhile. A holder whose record has ended
 * is only cleaning up, so it is always waited for.
 */
export async function passGate(
  control: Session,
  input: { kind: string; wait: boolean | number },
  deps: GateDeps,
  signal: AbortSignal,
): Promise<void> {
  const mode = gateOf(input.kind);
  if (mode === null) return;
  const began = deps.now().getTime();
  for (let reported = false; !(await tryGate(control, mode)); ) {
    const busy = await gateBusy(control, mode);
    const isOver = typeof input.wait === 'number' && deps.now().getTime() - began >= input.wait;
    if (busy && (isOver || input.wait === false)) throw busy;
    if (busy && !reported) deps.onWait?.(busy.message);
    reported ||= busy !== null;
    if (signal.aborted) throw cancelled('Waiting');
    await deps.pause(busy ? 500 : 50);
  }
}

/**
 * Returns the error that names who holds the gate in a conflicting mode; null when only operations that have ended hold
 * it.
 */
export async function gateBusy(session: Session, mode: GateMode): Promise<AppError | null> {
  const held = await gateHolders(session, mode);
  const ended = await endedAmong(
    session,
    held.map((holder) => operationOf(holder.application)),
  );
  const holders = held.filter((holder) => !ended.has(operationOf(holder.application)));
  if (holders.length === 0) return null;
  const running = holders.map(
    (holder) =>
      `${holder.application.replace(/^palace-backup /, '').replace(/ ctl$/, '')} (pid ${holder.pid}, since ${holder.since})`,
  );
  return new AppError('OPERATION_IN_PROGRESS', `Another operation is under way: ${running.join('; ')}.`, {
    hint: 'Ask again when that is done, or ask to wait (--wait on the command line).',
    details: { holders },
  });
}

/** Returns the id of the operation whose session has this name, or the empty string. */
function operationOf(application: string): string {
  return /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/.exec(application)?.[0] ?? '';
}

async function endedAmong(session: Session, ids: string[]): Promise<Set<string>> {
  const known = ids.filter((id) => id !== '');
  if (known.length === 0 || !(await writableRecords(session))) return new Set();
  const rows = await session.query<{ id: string }>(
    `SELECT id FROM ${OPERATIONS} WHERE id = ANY ($1::uuid[]) AND finished_at IS NOT NULL`,
    [known],
  );
  return new Set(rows.map((row) => row.id));
}
