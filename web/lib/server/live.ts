import { type QueryClient, QueryObserver, useQueryClient } from '@tanstack/solid-query';
import { type Accessor, createComputed, createEffect, createMemo, createSignal, onCleanup, untrack } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { doubtConnection } from './connection.ts';
import { failureOf } from './failure.ts';
import { keys, queries } from './queries.ts';

/** The state of an operation's stream; a lost one is being reconnected. */
export type Link = 'connecting' | 'live' | 'lost';

const RETRY_MS = 3000;

/** Returns whether an operation is over for good. */
export function hasEnded(operation: Operation): boolean {
  return operation.finishedAt !== null;
}

/** Caches an operation unless a newer revision is known. Returns the one that is cached. */
export function noteOperation(client: QueryClient, operation: Operation): Operation {
  const known = client.getQueryData<Operation>(keys.operation(operation.id));
  if (known && known.revision > operation.revision) return known;
  client.setQueryData(keys.operation(operation.id), operation);
  return operation;
}

/**
 * Returns the newest known state of an operation, from any source; `first` until there is one. Never suspends, so the element that shows it
 * keeps its place and the focus.
 */
export function knownOperation(first: Accessor<Operation>): Accessor<Operation> {
  const client = useQueryClient();
  const id = createMemo(() => first().id);
  const [known, setKnown] = createSignal(untrack(first));
  createComputed(() => {
    const observer = new QueryObserver(client, { ...queries.operation(id()), initialData: untrack(first) });
    const see = ({ data }: { data: Operation | undefined }) => setKnown((before) => data ?? before);
    see(observer.getCurrentResult());
    onCleanup(observer.subscribe(see));
  });
  return known;
}

/**
 * Follows an operation by a stream until it ends, and reconnects after a loss. Each state goes into the cache of `queries.operation`; the
 * end invalidates the lists it changes. Returns the state of the stream.
 */
export function followOperation(id: Accessor<string | null>): Accessor<Link> {
  const client = useQueryClient();
  const [link, setLink] = createSignal<Link>('connecting');

  createEffect(() => {
    const followed = id();
    if (followed === null) return;
    let stop = () => {};
    let retry: ReturnType<typeof setTimeout> | undefined;
    let over = false;

    const see = (operation: Operation) => {
      setLink('live');
      noteOperation(client, operation);
      if (!hasEnded(operation) || over) return;
      over = true;
      for (const queryKey of [keys.backups, keys.operations, keys.status]) void client.invalidateQueries({ queryKey });
    };
    const lost = () => {
      setLink('lost');
      doubtConnection();
    };
    const connect = () => {
      const { unsubscribe } = api.operations.progress.subscribe(
        { id: followed },
        {
          onData: ({ data }) => see(data),
          onConnectionStateChange: ({ state, error }) => {
            if (state === 'connecting' && error) lost();
            // The stream is open again; an operation that waits may send nothing for long.
            if (state === 'pending') setLink('live');
          },
          onComplete: () => {
            if (!over) again();
          },
          onError: (error) => {
            lost();
            if (failureOf(error).code !== 'NOT_FOUND') again();
          },
        },
      );
      stop = unsubscribe;
    };
    const again = () => {
      clearTimeout(retry);
      retry = setTimeout(connect, RETRY_MS);
    };
    connect();
    onCleanup(() => {
      clearTimeout(retry);
      stop();
    });
  });

  return link;
}
