import type { Session } from '../../db/connect/session.ts';
import { AppError } from '../core/errors.ts';

export interface StallWatch {
  /** Milliseconds without an event and without a busy server that count as a stall. */
  stallMs: number;
  now: () => Date;
  /** Returns the time of the last event, in milliseconds since 1970. */
  lastEventAt: () => number;
  /** Session that asks the server what the operation's sessions do. */
  session: Session;
  kind: string;
  id: string;
  /** Called once, with STALLED. */
  stop: (reason: AppError) => void;
}

/**
 * Watches an operation until disposed. Lock waits and index builds are long and silent, but no stall. A session that is
 * active on the server and does not wait for us counts as a sign of life.
 */
export function watchForStall(watch: StallWatch): Disposable {
  let lastSignAt = watch.now().getTime();
  let asking = false;
  const check = async () => {
    const now = watch.now().getTime();
    lastSignAt = Math.max(lastSignAt, watch.lastEventAt());
    if (asking || now - lastSignAt < watch.stallMs) return;
    asking = true;
    try {
      if (await serverIsBusy(watch)) lastSignAt = now;
      else if (watch.lastEventAt() <= lastSignAt) end();
    } catch {
      // The session is lost, and the operation ends for that reason.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void check(), Math.min(5_000, Math.max(50, watch.stallMs / 4)));
  const end = () => {
    clearInterval(timer);
    watch.stop(
      new AppError(
        'STALLED',
        `Nothing was reported by this ${watch.kind} for ${Math.round(watch.stallMs / 1000)} s, so it was stopped.`,
        {
          hint: 'See whether the storage and the database answer; where they are only slow, raise STALL_MS.',
          details: { stallMs: watch.stallMs },
        },
      ),
    );
  };
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/**
 * Returns whether a session of the operation is active. A backend waiting for its client (rows to send or take) waits
 * for us, so it does not count.
 */
async function serverIsBusy({ session, kind, id }: StallWatch): Promise<boolean> {
  const [row] = await session.query<{ busy: boolean }>(
    `SELECT EXISTS (SELECT FROM pg_catalog.pg_stat_activity
       WHERE datname = current_database() AND application_name LIKE $1 AND state = 'active'
         AND wait_event_type IS DISTINCT FROM 'Client' AND pid <> pg_catalog.pg_backend_pid()) AS busy`,
    [`palace-backup ${kind} ${id}%`],
  );
  return row?.busy ?? false;
}
