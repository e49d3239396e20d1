import { type QueryClient, QueryObserver, useQueryClient } from '@tanstack/solid-query';
import { type Accessor, createComputed, createEffect, createMemo, createSignal, onCleanup, untrack } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { checkConnection } from '../server/connection.ts';
import { failureOf } from '../server/failure.ts';
import { keys, queries } from '../server/queries.ts';

/** The state of an operation's stream; a lost one is being reconnected. */
export type StreamState = 'connecting' | 'live' | 'lost';

const RETRY_MS = 3000;

/** Returns whether an operation is over for good. */
export function hasEnded(operation: Operation): boolean {
  return operation.finishedAt !== null;
}

/** Caches an operation unless a newer revision is known. Returns the one that is cached. */
export function cacheOperation(client: QueryClient, operation: Operation): Operation {
  const known = client.getQueryData<Operation>(keys.operation(operation.id));
  if (known && known.revision > operation.revision) return known;
  client.setQueryData(keys.operation(operation.id), operation);
  return operation;
}

/**
 * Returns the newest known state of an operation, from any source; `first` until there is one. Never suspends, so the element that shows it
 * keeps its place and the focus.
 */
export function latestOperation(first: Accessor<Operation>): Accessor<Operation> {
  const client = useQueryClient();
  const id = createMemo(() => first().id);
  const [known, setKnown] = createSignal(untrack(first));
  createComputed(() => {
    const observer = new QueryObserver(client, { ...queries.operation(id()), initialData: untrack(first) });
    const receive = ({ data }: { data: Operation | undefined }) => setKnown((before) => data ?? before);
    receive(observer.getCurrentResult());
    onCleanup(observer.subscribe(receive));
  });
  return known;
}

/**
 * Follows an operation by a stream until it ends, and reconnects after a loss. Each state goes into the cache of `queries.operation`; the
 * end invalidates the lists it changes. Returns the state of the stream.
 */
export function followOperation(id: Accessor<string | null>): Accessor<StreamState> {
  const client = useQueryClient();
  const [state, setState] = createSignal<StreamState>('connecting');

  createEffect(() => {
    const followed = id();
    if (followed === null) return;
    let stop = () => {};
    let retry: ReturnType<typeof setTimeout> | undefined;
    let ended = false;

    const receive = (operation: Operation) => {
      setState('live');
      cacheOperation(client, operation);
      if (!hasEnded(operation) || ended) return;
      ended = true;
      for (const queryKey of [keys.backups, keys.operations, keys.status]) void client.invalidateQueries({ queryKey });
    };
    const lost = () => {
      setState('lost');
      checkConnection();
    };
    const connect = () => {
      const { unsubscribe } = api.operations.progress.subscribe(
        { id: followed },
        {
          onData: ({ data }) => receive(data),
          onConnectionStateChange: ({ state, error }) => {
            if (state === 'connecting' && error) lost();
            // The stream is open again; an operation that waits may send nothing for long.
            if (state === 'pending') setState('live');
          },
          onComplete: () => {
            if (!ended) reconnect();
          },
          onError: (error) => {
            lost();
            if (failureOf(error).code !== 'NOT_FOUND') reconnect();
          },
        },
      );
      stop = unsubscribe;
    };
    const reconnect = () => {
      clearTimeout(retry);
      retry = setTimeout(connect, RETRY_MS);
    };
    connect();
    onCleanup(() => {
      clearTimeout(retry);
      stop();
    });
  });

  return state;
}
