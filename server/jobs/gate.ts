import type { Session } from '../../db/connect.ts';
import { AppError, cancelled } from '../errors.ts';
import { type GateMode, gateHolders, tryGate } from '../postgres/lock.ts';

export interface GateDeps {
  pause: (ms: number) => Promise<void>;
  /** Told once, when waiting begins. */
  onWait?: (message: string) => void;
}

/**
 * Takes the gate for this session: backups share it, a restore has it alone. Throws OPERATION_IN_PROGRESS naming what runs,
 * unless told to wait; then CANCELLED when the signal aborts.
 */
export async function passGate(
  control: Session,
  input: { kind: string; wait: boolean },
  deps: GateDeps,
  signal: AbortSignal,
): Promise<void> {
  const mode: GateMode = input.kind === 'restore' ? 'exclusive' : 'shared';
  for (let told = false; !(await tryGate(control, mode)); told = true) {
    const holders = await gateHolders(control);
    const running = holders.map(
      (holder) =>
        `${holder.application.replace(/^palace-backup /, '').replace(/ ctl$/, '')} (pid ${holder.pid}, since ${holder.since})`,
    );
    const message = `Another operation is under way: ${running.join('; ') || 'one that is just ending'}.`;
    if (!input.wait)
      throw new AppError('OPERATION_IN_PROGRESS', message, {
        hint: 'Run it again when that is done, or with --wait.',
        details: { holders },
      });
    if (!told) deps.onWait?.(message);
    if (signal.aborted) throw cancelled('Waiting');
    await deps.pause(500);
  }
}
