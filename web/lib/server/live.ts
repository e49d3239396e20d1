import { type QueryClient, QueryObserver, useQueryClient } from '@tanstack/solid-query';
import { type Accessor, createComputed, createEffect, createMemo, createSignal, onCleanup, untrack } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { doubtConnection } from './connection.ts';
import { failureOf } from './failure.ts';
import { keys, queries } from './queries.ts';

/** Lost: it is being made again. */
export type Link = 'connecting' | 'live' | 'lost';

const RETRY_MS = 3000;

/** Whether nothing more will happen to an operation. */
export function hasEnded(operation: Operation): boolean {
  return operation.finishedAt !== null;
}

/** Keeps what was learnt of an operation, unless something newer is known; answers what is known now. */
export function noteOperation(client: QueryClient, operation: Operation): Operation {
  const known = client.getQueryData<Operation>(keys.operation(operation.id));
  if (known && known.revision > operation.revision) return known;
  client.setQueryData(keys.operation(operation.id), operation);
  return operation;
}

/** What is known of an operation, whoever has learnt it; `first` until then. Never suspends: what shows it keeps its place, and the focus. */
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
 * Follows an operation until it ends: each state goes where `queries.operation` finds it, and once it has ended the lists that it changes
 * are asked again. A lost connection is made again by itself, from where it stopped. Answers whether the line stands.
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
            // The line stands again; an operation that waits for something may have nothing new to say for long.
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
