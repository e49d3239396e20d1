import { PgBoss } from 'pg-boss';
import { DatabaseClient } from '../../../db/connect/client.ts';
import { databaseError, faultCode } from '../../../db/connect/database-error.ts';
import { openSession, type Session } from '../../../db/connect/session.ts';
import { signedInSettings, signInOptions } from '../../../db/connect/session-settings.ts';
import { openWorkingSession } from '../../../db/connect/working-session.ts';
import { quoteIdent } from '../../../db/model/quote.ts';
import { QUEUE_SCHEMA } from '../../../db/system/own-schemas.ts';
import { AppError } from '../../core/errors.ts';
import { refusePooler } from '../../postgres/locks/advisory-lock.ts';
import { listen } from './listening.ts';
import { WORKER_NAME } from './queue-state.ts';

const QUEUE = 'operations';

/**
 * A job is a ticket and no more: it has the id of an operation's record, and is taken once. What becomes of the operation is in the
 * record. Work that changes data is never begun a second time, so nothing is retried; a worker that dies is noticed by its silence.
 */
const TICKET = {
  retryLimit: 0,
  heartbeatSeconds: 60,
  // The longest there is. A restore that takes longer goes on all the same: only the ticket ends.
  expireInSeconds: 24 * 60 * 60,
  deleteAfterSeconds: 24 * 60 * 60,
  notify: true,
};

/** The queue that workers take operations from; pg-boss in the schema `backup_queue`, over connections of its own. */
export interface Queue {
  /** Puts an operation in line, as part of the session's transaction. */
  send(session: Session, id: string): Promise<void>;
  /** Takes an operation out of the line; one that was taken already stays with its worker. */
  withdraw(id: string): Promise<void>;
  /** Those of the operations that wait in line or are with a worker. */
  present(ids: string[]): Promise<Set<string>>;
  /** Begins to take operations, so many at once. The handler never rejects. */
  work(concurrency: number, handler: (id: string) => Promise<void>): Promise<void>;
  /** Takes no more; resolves when what was taken has been handled. */
  drain(): Promise<void>;
  /** Closes the connections. */
  stop(): Promise<void>;
}

export interface QueueDeps {
  /** Past any pooler. */
  databaseUrl: string;
  /** Whether this process takes operations, too: then it is woken by new ones, and looks after the queue's tables and silent workers. */
  works: boolean;
  onError: (error: unknown) => void;
  /** Connections besides the one that listens. */
  connections?: number;
}

/**
 * Connects, and brings the queue's tables up to date. Throws DATABASE_UNREACHABLE, POOLER_DETECTED, or PERMISSION_DENIED with the
 * GRANT to run.
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
  // Its pool takes our client; the connection it would listen on knows the plain driver only.
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
    async work(concurrency, handler) {
      // Idle workers are woken by a notice; one that has just finished looks for the next by itself.
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

/** Listens in the shape the library asks of its database. */
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
