import { useQuery } from '@tanstack/solid-query';
import { createEffect, createMemo, createSignal, createUniqueId, For, Show, Suspense } from 'solid-js';
import type { Operation } from '../../api.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { useMe } from '../../lib/server/session.ts';
import { hasOwnView } from '../../shell/result-views.ts';
import { words } from '../../strings/shared.ts';
import { OperationCard } from './operation-card.tsx';

/** Streams open at once: a browser opens six connections to one server, and pages need some too. */
const MAX_STREAMS = 3;

/**
 * Shows the running operations, wherever they were started, also after a reload. One that succeeded disappears, and the frame reports it in
 * a line; any other stays with its result until dismissed.
 */
export function ActiveOperations(props: { archive?: string; open?: boolean }) {
  const id = createUniqueId();
  const me = useMe();
  const active = useQuery(queries.activeOperations);
  const [kept, setKept] = createSignal<Operation[]>([]);
  const isShown = (operation: Operation) => props.archive === undefined || operation.archive === props.archive;

  // The list may be older than the stream of one operation.
  const dismissed = new Set<string>();
  createEffect(() => {
    const found = latestData(active)?.filter(isShown) ?? [];
    setKept((before) => {
      const added = found.filter(({ id }) => !dismissed.has(id) && !before.some((one) => one.id === id));
      return added.length === 0 ? before : [...added, ...before];
    });
  });
  const shown = createMemo(() =>
    kept()
      .filter((operation) => !hasOwnView(operation))
      .slice(0, MAX_STREAMS),
  );
  let section: HTMLElement | undefined;
  const dismiss = (operation: Operation) => {
    const card = section?.querySelector(`[data-operation="${operation.id}"]`);
    const isInside = card?.contains(document.activeElement);
    dismissed.add(operation.id);
    setKept((all) => all.filter(({ id }) => id !== operation.id));
    // The element that had the focus is gone.
    if (isInside) document.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
  };

  return (
    <Show when={shown().length > 0}>
      <section ref={section} aria-labelledby={id} class="mb-6 space-y-3">
        <h2 id={id} class="sr-only">
          {words.overview.running}
        </h2>
        <For each={shown()}>
          {(operation) => (
            // A boundary of its own: a new operation must not take the page away, nor the focus from a person typing.
            <Suspense>
              <OperationCard
                operation={operation}
                open={props.open ?? false}
                mayCancel={me.data?.scopes.includes('operations:cancel') ?? false}
                onDismiss={() => dismiss(operation)}
                onToast={() => dismiss(operation)}
              />
            </Suspense>
          )}
        </For>
      </section>
    </Show>
  );
}
