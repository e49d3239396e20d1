import type { Session } from '../../db/connect.ts';
import { AppError, cancelled } from '../errors.ts';
import { type GateMode, gateHolders, tryGate } from '../postgres/lock.ts';

/** How an operation passes the gate: backups share it, a restore has it alone; what only reads archives passes it by. */
export function gateOf(kind: string): GateMode | null {
  if (kind === 'restore') return 'exclusive';
  return kind === 'backup' ? 'shared' : null;
}

export interface GateDeps {
  pause: (ms: number) => Promise<void>;
  /** Told once, when waiting begins. */
  onWait?: (message: string) => void;
}

/** Takes the gate for this session. Throws OPERATION_IN_PROGRESS naming what runs, unless told to wait; then CANCELLED when the signal aborts. */
export async function passGate(
  control: Session,
  input: { kind: string; wait: boolean },
  deps: GateDeps,
  signal: AbortSignal,
): Promise<void> {
  const mode = gateOf(input.kind);
  if (mode === null) return;
  for (let told = false; !(await tryGate(control, mode)); told = true) {
    const { error } = await gateBusy(control, mode);
    if (!input.wait) throw error;
    if (!told) deps.onWait?.(error.message);
    if (signal.aborted) throw cancelled('Waiting');
    await deps.pause(500);
  }
}

/** Who holds the gate in this mode's way (nobody, or nobody any more: none), and the error that names them. */
export async function gateBusy(session: Session, mode: GateMode): Promise<{ holders: number; error: AppError }> {
  const holders = await gateHolders(session, mode);
  const running = holders.map(
    (holder) =>
      `${holder.application.replace(/^palace-backup /, '').replace(/ ctl$/, '')} (pid ${holder.pid}, since ${holder.since})`,
  );
  const message = `Another operation is under way: ${running.join('; ') || 'one that is just ending'}.`;
  const error = new AppError('OPERATION_IN_PROGRESS', message, {
    hint: 'Run it again when that is done, or with --wait.',
    details: { holders },
  });
  return { holders: holders.length, error };
}
