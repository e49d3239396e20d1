import { useQueryClient } from '@tanstack/solid-query';
import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js';
import { api, type Operation } from '../api.ts';
import { failureOf } from './failure.ts';
import { keys } from './queries.ts';

/** Lost: it is being made again. */
export type Link = 'connecting' | 'live' | 'lost';

const RETRY_MS = 3000;

/** Whether nothing more will happen to an operation. */
export function hasEnded(operation: Operation): boolean {
  return operation.finishedAt !== null;
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
      client.setQueryData(keys.operation(followed), (known: Operation | undefined) =>
        known && known.revision > operation.revision ? known : operation,
      );
      if (!hasEnded(operation) || over) return;
      over = true;
      for (const queryKey of [keys.backups, keys.operations, keys.status]) void client.invalidateQueries({ queryKey });
    };
    const connect = () => {
      const { unsubscribe } = api.operations.progress.subscribe(
        { id: followed },
        {
          onData: ({ data }) => see(data),
          onConnectionStateChange: ({ state, error }) => {
            if (state === 'connecting' && error) setLink('lost');
            // The line stands again; an operation that waits for something may have nothing new to say for long.
            if (state === 'pending') setLink('live');
          },
          onComplete: () => {
            if (!over) again();
          },
          onError: (error) => {
            setLink('lost');
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
