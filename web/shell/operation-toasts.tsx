import { A } from '@solidjs/router';
import { useQuery, useQueryClient } from '@tanstack/solid-query';
import X from 'lucide-solid/icons/x';
import { createEffect, createSignal, For, onCleanup, onMount, Show } from 'solid-js';
import type { Operation } from '../api.ts';
import { announce } from '../lib/announce.ts';
import { isIncomplete, operationTitle } from '../lib/operations/operation.ts';
import { hasEnded } from '../lib/operations/operation-stream.ts';
import { latestData } from '../lib/server/latest-data.ts';
import { keys, queries } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { shellWords } from '../strings/shell.ts';
import { Button } from '../ui/button.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { isShownOnPage, isToastEnough } from './result-views.ts';

/** Milliseconds a line is shown: enough to notice it and read it twice. They start again after the pointer was on it. */
const TOAST_MS = 12_000;
const MAX_TOASTS = 4;

/**
 * Shows a line for each operation that ended while the panel was open, on whatever page. One that needs attention stays until it is
 * dismissed.
 */
export function OperationToasts() {
  const client = useQueryClient();
  const active = useQuery(queries.activeOperations);
  const [ended, setEnded] = createSignal<Operation[]>([]);
  const [pointed, setPointed] = createSignal(false);
  const [focused, setFocused] = createSignal(false);
  const [hidden, setHidden] = createSignal(document.hidden);
  const watched = new Set<string>();

  const addIfEnded = async (id: string) => {
    const known = client.getQueryData<Operation>(keys.operation(id));
    const operation =
      known && hasEnded(known) ? known : await client.fetchQuery({ ...queries.operation(id), staleTime: 0 });
    if (!hasEnded(operation)) watched.add(id);
    else if (!isShownOnPage(operation)) {
      setEnded((before) => [...before, operation].slice(-MAX_TOASTS));
      announce(words.operation.said(operationTitle(operation), outcomeLabel(operation)));
    }
  };
  createEffect(() => {
    const now = latestData(active)?.map(({ id }) => id);
    if (!now) return;
    for (const id of watched) {
      if (now.includes(id)) continue;
      watched.delete(id);
      // Nobody requested this fetch, and the page already says when the server does not answer.
      addIfEnded(id).catch(() => watched.add(id));
    }
    for (const id of now) watched.add(id);
  });
  onMount(() => {
    const see = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', see);
    onCleanup(() => document.removeEventListener('visibilitychange', see));
  });
  const isPaused = () => pointed() || focused() || hidden();
  let list: HTMLOListElement | undefined;
  // The page can be scrolled out from under the lines, so that they keep nobody from a button.
  onMount(() => {
    const { style } = document.documentElement;
    const observer = new ResizeObserver(([entry]) => {
      style.setProperty('--toasts-height', `${entry?.contentRect.height ?? 0}px`);
    });
    if (list) observer.observe(list);
    onCleanup(() => {
      observer.disconnect();
      style.removeProperty('--toasts-height');
    });
  });
  const dismiss = (operation: Operation) => {
    const wasInside = list?.contains(document.activeElement);
    setEnded((all) => all.filter(({ id }) => id !== operation.id));
    setPointed(false);
    if (!wasInside) return;
    setFocused(false);
    const next = list?.querySelector('button') ?? document.querySelector('h1');
    next?.focus({ preventScroll: true });
  };

  return (
    <section
      aria-label={shellWords.ended.region}
      class="pointer-events-none fixed inset-x-2 bottom-[calc(4.5rem+env(safe-area-inset-bottom))] z-30 md:right-6 md:bottom-6 md:left-auto md:w-96 print:hidden"
    >
      <ol
        ref={list}
        class="space-y-2"
        onPointerEnter={() => setPointed(true)}
        onPointerLeave={() => setPointed(false)}
        onFocusIn={() => setFocused(true)}
        onFocusOut={() => setFocused(false)}
      >
        <For each={ended()}>
          {(operation) => <Toast operation={operation} paused={isPaused()} onDismiss={() => dismiss(operation)} />}
        </For>
      </ol>
    </section>
  );
}

function Toast(props: { operation: Operation; paused: boolean; onDismiss: () => void }) {
  const title = () => operationTitle(props.operation);
  createEffect(() => {
    if (props.paused || !isToastEnough(props.operation)) return;
    const timer = setTimeout(() => props.onDismiss(), TOAST_MS);
    onCleanup(() => clearTimeout(timer));
  });
  return (
    <li
      data-operation={props.operation.id}
      class="overlay-in pointer-events-auto flex items-start gap-3 rounded-xl border border-line bg-raised py-2 pr-2 pl-4 text-sm shadow-lg"
      onKeyDown={(event) => event.key === 'Escape' && props.onDismiss()}
    >
      <div class="min-w-0 flex-1 py-1.5">
        <A href={`/operations/${props.operation.id}`} class="font-medium wrap-anywhere hover:underline">
          {title()}
        </A>
        <p class="mt-0.5 line-clamp-3 break-words text-soft">
          <Show when={!isToastEnough(props.operation)}>
            <StateBadge of={props.operation} />{' '}
          </Show>
          {outcomeText(props.operation)}
        </p>
        <Show when={isToastEnough(props.operation) && props.operation.archive}>
          {(archive) => (
            <A href={`/backups/${encodeURIComponent(archive())}`} class="text-brand hover:underline">
              {words.operation.openBackup}
            </A>
          )}
        </Show>
      </div>
      <Button
        variant="ghost"
        square
        class="shrink-0"
        aria-label={shellWords.ended.close(title())}
        onClick={() => props.onDismiss()}
      >
        <X class="size-5" aria-hidden="true" />
      </Button>
    </li>
  );
}

function outcomeLabel(operation: Operation): string {
  return isIncomplete(operation) ? words.operation.finishedPartly : words.operation.states[operation.state];
}

/** Returns a sentence or two on the result. */
function outcomeText({ kind, state, error, result }: Operation): string {
  const { operation: w } = words;
  if (state !== 'succeeded') return error?.message ?? '';
  return `${w.succeeded[kind] ?? shellWords.ended.done} ${result?.['verified'] === true ? w.verified : ''}`.trim();
}
