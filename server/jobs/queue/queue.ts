import { PgBoss } from 'pg-boss';
import { DatabaseClient } from '../../../db/connect/client.ts';
import { databaseError, faultCode } from '../../../db/connect/database-error.ts';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { signedInSettings, signInOptions } from '../../../db/connect/session-settings.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';
import { QUEUE_SCHEMA } from '../../../db/system/own-schemas.ts';
import { AppError } from '../../core/errors.ts';
import { type LastingFault, lastingFault } from '../../core/lasting-fault.ts';
import type { Log } from '../../core/log.ts';
import { refusePooler } from '../../postgres/locks/advisory-lock.ts';
import { listen } from './listening.ts';
import { WORKER_NAME } from './queue-state.ts';

const QUEUE = 'operations';

/**
 * Options of a job, which is only a ticket: it has the id of an operation's record and is taken once; the outcome is in
 * the record. Nothing is retried, because work that changes data must not begin twice. A dead worker is noticed by its
 * missing heartbeat.
 */
const TICKET = {
  retryLimit: 0,
  heartbeatSeconds: 60,
  // The longest pg-boss allows. A restore that takes longer goes on all the same: only the ticket expires.
  expireInSeconds: 24 * 60 * 60,
  deleteAfterSeconds: 24 * 60 * 60,
  notify: true,
};

/** Milliseconds without a failure after which the queue works again: several times what a connection may take to fail. */
const QUIET_MS = 60_000;

/** Returns what logs the failures of a queue, for its `onError`. */
export function queueFault(log: Pick<Log, 'error' | 'info'>, now: () => Date): LastingFault {
  const says = { fault: 'the queue met a failure', over: 'the queue works again' };
  return lastingFault(log, { ...says, now, quietMs: QUIET_MS });
}

/** The queue that workers take operations from: pg-boss in the schema `backup_queue`, over connections of its own. */
export interface Queue {
  /** Queues an operation as part of the session's transaction. */
  send(session: Session, id: string): Promise<void>;
  /** Removes an operation from the queue; one already taken stays with its worker. */
  withdraw(id: string): Promise<void>;
  /** Returns those of the operations that are queued or with a worker. */
  present(ids: string[]): Promise<Set<string>>;
  /** Asks the database whether operations can be queued; throws DATABASE_ERROR when the queue is gone. */
  check(): Promise<void>;
  /** Starts taking operations, `concurrency` at once. The handler must not reject. */
  work(concurrency: number, handler: (id: string) => Promise<void>): Promise<void>;
  /** Takes no more; resolves when everything taken has been handled. */
  drain(): Promise<void>;
  /** Closes the connections. */
  stop(): Promise<void>;
}

export interface QueueDeps {
  /** Address that goes past any pooler. */
  databaseUrl: string;
  /**
   * True when this process runs operations: it is then notified of new ones, and maintains the queue's tables and looks
   * for dead workers.
   */
  works: boolean;
  onError: (error: unknown) => void;
  /** Connections besides the one that listens. */
  connections?: number;
}

/**
 * Connects, and migrates the queue's tables. Throws DATABASE_UNREACHABLE, POOLER_DETECTED, or PERMISSION_DENIED with
 * the GRANT to run.
 */
export async function startQueue(deps: QueueDeps): Promise<Queue> {
  await refusePoolerAt(deps.databaseUrl);
  const applicationName = deps.works ? WORKER_NAME : 'palace-backup queue';
  const pool = {
    connectionString: deps.databaseUrl,
    options: signInOptions(),
    afterwards: signedInSettings(),
    Client: DatabaseClient,
  };
  const boss = new PgBoss({
    ...pool,
    application_name: applicationName,
    schema: QUEUE_SCHEMA,
    max: deps.connections ?? 3,
    supervise: deps.works,
    schedule: false,
    useListenNotify: deps.works,
    monitorIntervalSeconds: 15,
    superviseIntervalSeconds: 15,
    registerInstance: false,
    monitorVacuum: false,
    reindex: false,
    openTelemetry: { enabled: false },
  });
  boss.on('error', deps.onError);
  // pg-boss's pool accepts our client, but its listening connection only knows the plain driver.
  Object.assign(boss.getDb(), { listen: listenFor(deps.databaseUrl, applicationName) });
  try {
    await boss.start();
    await boss.createQueue(QUEUE, TICKET);
  } catch (error) {
    await boss.stop({ graceful: false }).catch(() => undefined);
    throw faultCode(error) === '42501'
      ? await grantNeeded(deps.databaseUrl, error)
      : databaseError(error, 'starting the queue');
  }
  return {
    async send(session, id) {
      const db = {
        executeSql: async (text: string, values?: unknown[]) => ({ rows: await session.query(text, values) }),
      };
      const sent = await boss.send(QUEUE, null, { id, db });
      if (sent === null)
        throw new AppError('ALREADY_EXISTS', 'This operation is in the queue already.', {
          hint: 'Look at its record instead of asking again.',
        });
    },
    async withdraw(id) {
      await boss.cancel(QUEUE, id);
    },
    async present(ids) {
      const found = new Set<string>();
      for (const id of ids) {
        const [job] = await boss.findJobs(QUEUE, { id });
        if (job && (job.state === 'created' || job.state === 'retry' || job.state === 'active')) found.add(id);
      }
      return found;
    },
    async check() {
      const found = await boss.getQueue(QUEUE).catch((error: unknown) => {
        // Undefined table or schema: somebody dropped them.
        if (faultCode(error) === '42P01' || faultCode(error) === '3F000') return null;
        throw databaseError(error, 'asking for the job queue');
      });
      if (found) return;
      throw new AppError('DATABASE_ERROR', `The job queue (schema ${QUEUE_SCHEMA}) is gone.`, {
        hint: 'Restart the server: it makes its tables anew.',
      });
    },
    async work(concurrency, handler) {
      // Idle workers are woken by a notification; one that has just finished polls for the next.
      const options = { localConcurrency: concurrency, pollingIntervalSeconds: 1, notifyPollingIntervalSeconds: 1 };
      await boss.work(QUEUE, options, async (jobs) => {
        for (const job of jobs) await handler(job.id);
      });
    },
    drain: () => boss.offWork(QUEUE, { wait: true }),
    async stop() {
      await boss.stop({ graceful: false });
    },
  };
}

/** Listens in the shape that pg-boss asks of its database. */
function listenFor(databaseUrl: string, applicationName: string) {
  return async (channel: string, onPayload: (payload: string) => void, onReady: () => void) => {
    const closing = new AbortController();
    const listening = listen(databaseUrl, { channel, applicationName, signal: closing.signal, onReady, onPayload });
    return {
      async close() {
        closing.abort();
        await listening;
      },
    };
  };
}

async function refusePoolerAt(databaseUrl: string): Promise<void> {
  const options = { applicationName: 'palace-backup queue', signal: new AbortController().signal };
  await using first = await openSession(databaseUrl, options);
  await refusePooler(first, () => openSession(databaseUrl, options));
}

async function grantNeeded(databaseUrl: string, cause: unknown): Promise<AppError> {
  await using session = await openWorkingSession(databaseUrl, {
    applicationName: 'palace-backup queue',
    signal: new AbortController().signal,
  });
  const [me] = await session.query<{ role: string; database: string }>(
    'SELECT current_user AS role, current_database() AS database',
  );
  const [role, database] = [quoteIdent(me?.role ?? ''), quoteIdent(me?.database ?? '')];
  return new AppError(
    'PERMISSION_DENIED',
    `The role ${me?.role} may not make or use the job queue (schema ${QUEUE_SCHEMA}) in the database ${me?.database}.`,
    {
      cause,
      hint:
        `As the database's owner or an administrator run: GRANT CREATE ON DATABASE ${database} TO ${role}; ` +
        `or, when the schema is there, ALTER SCHEMA ${QUEUE_SCHEMA} OWNER TO ${role};`,
    },
  );
}
