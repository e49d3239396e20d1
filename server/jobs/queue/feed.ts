import { AppError } from '../../core/errors.ts';
import { CHANNEL, hasEnded, type OperationView } from '../records.ts';
import { listen } from './listening.ts';

/** Live changes of operations, whichever process makes them. */
export interface Feed extends AsyncDisposable {
  /**
   * Yields the record when it is newer than `afterRevision`, then after each change, until it has ended or the signal
   * aborts. Quick changes may be yielded as one; the last one is never left out. Throws NOT_FOUND.
   */
  watch(id: string, afterRevision: number, signal: AbortSignal): AsyncGenerator<OperationView>;
}

export interface FeedDeps {
  /** Address that goes past any pooler: through one, no notification arrives. */
  databaseUrl: string;
  /** Reads a record; returns null when there is none. */
  read: (id: string) => Promise<OperationView | null>;
  /** Milliseconds between readings of what is watched when no notification arrives. */
  pollMs?: number;
}

const POLL_MS = 3_000;

/** One watched record, read once for all its watchers. */
interface Topic {
  watchers: number;
  latest: OperationView | null;
  failure: unknown;
  /** Resolves at the next reading. */
  next: PromiseWithResolvers<void>;
  reading: boolean;
  /** True when a notification arrived while it was being read. */
  stale: boolean;
}

/**
 * Listens on one connection for the whole process. A lost connection is replaced, and everything watched is read again.
 */
export function openFeed(deps: FeedDeps): Feed {
  const topics = new Map<string, Topic>();
  const closing = new AbortController();

  const refresh = async (id: string, topic: Topic) => {
    topic.stale = topic.reading;
    if (topic.reading) return;
    topic.reading = true;
    do {
      topic.stale = false;
      try {
        const view = await deps.read(id);
        if (view === null) throw notFound(id);
        topic.latest = view;
        topic.failure = null;
      } catch (error) {
        // A failed read is tried again at the next look; only a missing record is final.
        if (error instanceof AppError && error.code === 'NOT_FOUND') topic.failure = error;
      }
    } while (topic.stale);
    topic.reading = false;
    const { next } = topic;
    topic.next = Promise.withResolvers();
    next.resolve();
  };
  const refreshAll = () => {
    for (const [id, topic] of topics) void refresh(id, topic);
  };
  const listening = listen(deps.databaseUrl, {
    channel: CHANNEL,
    applicationName: 'palace-backup listen',
    signal: closing.signal,
    onReady: refreshAll,
    onPayload(payload) {
      const id = payload.split(' ', 1)[0] ?? '';
      const topic = topics.get(id);
      if (topic) void refresh(id, topic);
    },
  });
  const polling = setInterval(refreshAll, deps.pollMs ?? POLL_MS);

  return {
    async *watch(id, afterRevision, signal) {
      const topic = topics.get(id) ?? newTopic();
      topics.set(id, topic);
      topic.watchers++;
      const aborted = Promise.withResolvers<void>();
      const stop = AbortSignal.any([signal, closing.signal]);
      const onAbort = () => aborted.resolve();
      stop.addEventListener('abort', onAbort, { once: true });
      try {
        let seen = afterRevision;
        // What other watchers have read may be older than the change this caller knows of.
        let next = topic.next.promise;
        void refresh(id, topic);
        while (!stop.aborted) {
          await Promise.race([next, aborted.promise]);
          if (stop.aborted) return;
          next = topic.next.promise;
          if (topic.failure) throw topic.failure;
          const view = topic.latest;
          if (view && view.revision > seen) {
            seen = view.revision;
            yield view;
          }
          if (view && hasEnded(view.state)) return;
        }
      } finally {
        stop.removeEventListener('abort', onAbort);
        if (--topic.watchers === 0) topics.delete(id);
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(polling);
      closing.abort();
      await listening;
    },
  };
}

function newTopic(): Topic {
  return { watchers: 0, latest: null, failure: null, next: Promise.withResolvers(), reading: false, stale: false };
}

/** Returns the NOT_FOUND error that says why a record may be missing. */
export function notFound(id: string): AppError {
  return new AppError('NOT_FOUND', `There is no operation ${id.slice(0, 60)}.`, {
    hint: 'Records of finished operations are kept for OPERATION_DAYS; the list of operations shows those there are.',
  });
}
