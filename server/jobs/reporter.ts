import type { Session } from '../../db/connect/session.ts';
import { openWorkingSession } from '../../db/connect/working-session.ts';
import { AppError } from '../core/errors.ts';
import type { ProgressTracker } from './progress.ts';
import { CHANGED, OPERATIONS } from './records.ts';

/** Writes an operation's progress to its record, and reads whether somebody asked to cancel it. */
export interface Reporter extends AsyncDisposable {
  /** Begins to poll the record; safe to call twice. */
  start(): void;
  /** Call when there is something new to write. */
  changed(): void;
}

/** Least milliseconds between two writes of the record. */
const WRITE_MS = 250;
/** Milliseconds between reads of the record when there is nothing to write. */
const POLL_MS = 500;
/** Milliseconds after a failure before the connection is tried again. */
const RETRY_MS = 2_000;

interface CancelRequest {
  state: string;
  asked: boolean;
  by: string | null;
}

/**
 * Creates a reporter with a connection of its own, so that progress shows while the work's connections are busy or in a
 * transaction. Progress is a courtesy: every failure is retried later and never fails the operation. `stop` is called
 * once, with CANCELLED.
 */
export function createReporter(
  deps: { databaseUrl: string; now: () => Date },
  id: string,
  tracker: ProgressTracker,
  stop: (reason: AppError) => void,
): Reporter {
  let session: Session | null = null;
  let busy = false;
  let closed = false;
  let asked = false;
  let dirty = false;
  let writtenAt = deps.now().getTime();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let round: Promise<void> = Promise.resolve();
  let begun = false;

  const schedule = (ms: number) => {
    if (closed || !begun || busy) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      round = write();
    }, ms);
  };
  const next = () => schedule(dirty ? Math.max(0, writtenAt + WRITE_MS - deps.now().getTime()) : POLL_MS);

  async function write(): Promise<void> {
    busy = true;
    let failed = false;
    try {
      session ??= await openReporting(deps.databaseUrl, id);
      const request = await exchange(session);
      if (request && !asked && (request.asked || request.state === 'cancelled')) {
        asked = true;
        stop(cancelledBy(request.by));
      }
    } catch {
      failed = true;
      session?.destroy();
      session = null;
    }
    busy = false;
    if (failed) schedule(RETRY_MS);
    else next();
  }

  async function exchange(over: Session): Promise<CancelRequest | undefined> {
    const progress = dirty ? tracker.view() : null;
    dirty = false;
    writtenAt = deps.now().getTime();
    const columns = `state, cancel_requested_at IS NOT NULL AS asked, cancel_requested_by AS by`;
    if (progress) {
      const [row] = await over.query<CancelRequest>(
        `UPDATE ${OPERATIONS} SET progress = $2, revision = revision + 1 WHERE id = $1 AND state = 'running' RETURNING ${columns}, ${CHANGED}`,
        [id, JSON.stringify(progress)],
      );
      if (row) return row;
    }
    const [row] = await over.query<CancelRequest>(`SELECT ${columns} FROM ${OPERATIONS} WHERE id = $1`, [id]);
    return row;
  }

  return {
    start() {
      begun = true;
      next();
    },
    changed() {
      if (dirty) return;
      dirty = true;
      next();
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      clearTimeout(timer);
      // A statement under way is not worth waiting for: the end of the operation writes the last progress itself.
      if (busy) session?.destroy();
      await round;
      await session?.close();
    },
  };
}

async function openReporting(databaseUrl: string, id: string): Promise<Session> {
  const session = await openWorkingSession(databaseUrl, {
    applicationName: `palace-backup progress ${id}`,
    signal: new AbortController().signal,
    connectTimeoutMs: 5_000,
  });
  // The commit of a restore holds its record for a moment.
  await session.query(`SET lock_timeout = '1s'`).catch(() => undefined);
  await session.query(`SET statement_timeout = '5s'`).catch(() => undefined);
  return session;
}

function cancelledBy(by: string | null): AppError {
  return new AppError('CANCELLED', `The operation was cancelled${by ? ` by ${by}` : ''}.`, {
    ...(by && { details: { by } }),
  });
}
