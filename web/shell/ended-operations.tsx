import { A } from '@solidjs/router';
import { useQuery, useQueryClient } from '@tanstack/solid-query';
import X from 'lucide-solid/icons/x';
import { createEffect, createSignal, For, onCleanup, onMount, Show } from 'solid-js';
import type { Operation } from '../api.ts';
import { isIncomplete, titleOf } from '../lib/operations.ts';
import { say } from '../lib/say.ts';
import { answerOf } from '../lib/server/answer.ts';
import { hasEnded } from '../lib/server/live.ts';
import { keys, queries } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { shellWords } from '../strings/shell.ts';
import { Button } from '../ui/button.tsx';
import { StateBadge } from '../ui/state-badge.tsx';
import { endsInALine, isToldOnPage } from './operation-ends.ts';

/** Milliseconds a line is shown: enough to notice it and read it twice. They start again after the pointer was on it. */
const SHOWN_MS = 12_000;
const MOST = 4;

/**
 * Shows a line for each operation that ended while the panel was open, on whatever page. One that needs attention stays until it is
 * dismissed.
 */
export function EndedOperations() {
  const client = useQueryClient();
  const active = useQuery(queries.activeOperations);
  const [ended, setEnded] = createSignal<Operation[]>([]);
  const [pointed, setPointed] = createSignal(false);
  const [focused, setFocused] = createSignal(false);
  const [hidden, setHidden] = createSignal(document.hidden);
  const watched = new Set<string>();

  const look = async (id: string) => {
    const known = client.getQueryData<Operation>(keys.operation(id));
    const operation =
      known && hasEnded(known) ? known : await client.fetchQuery({ ...queries.operation(id), staleTime: 0 });
    if (!hasEnded(operation)) watched.add(id);
    else if (!isToldOnPage(operation)) {
      setEnded((before) => [...before, operation].slice(-MOST));
      say(words.operation.said(titleOf(operation), endText(operation)));
    }
  };
  createEffect(() => {
    const now = answerOf(active)?.map(({ id }) => id);
    if (!now) return;
    for (const id of watched) {
      if (now.includes(id)) continue;
      watched.delete(id);
      // Nobody requested this fetch, and the page already says when the server does not answer.
      look(id).catch(() => watched.add(id));
    }
    for (const id of now) watched.add(id);
  });
  onMount(() => {
    const see = () => setHidden(document.hidden);
    document.addEventListener('visibilitychange', see);
    onCleanup(() => document.removeEventListener('visibilitychange', see));
  });
  const isHeld = () => pointed() || focused() || hidden();
  let list: HTMLOListElement | undefined;
  const putAway = (operation: Operation) => {
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
          {(operation) => <Line operation={operation} held={isHeld()} onGone={() => putAway(operation)} />}
        </For>
      </ol>
    </section>
  );
}

function Line(props: { operation: Operation; held: boolean; onGone: () => void }) {
  const title = () => titleOf(props.operation);
  createEffect(() => {
    if (props.held || !endsInALine(props.operation)) return;
    const timer = setTimeout(() => props.onGone(), SHOWN_MS);
    onCleanup(() => clearTimeout(timer));
  });
  return (
    <li
      data-operation={props.operation.id}
      class="overlay-in pointer-events-auto flex items-start gap-3 rounded-xl border border-line bg-raised py-2 pr-2 pl-4 text-sm shadow-lg"
      onKeyDown={(event) => event.key === 'Escape' && props.onGone()}
    >
      <div class="min-w-0 flex-1 py-1.5">
        <A href={`/operations/${props.operation.id}`} class="font-medium wrap-anywhere hover:underline">
          {title()}
        </A>
        <p class="mt-0.5 line-clamp-3 break-words text-soft">
          <Show when={!endsInALine(props.operation)}>
            <StateBadge of={props.operation} />{' '}
          </Show>
          {aboutEnd(props.operation)}
        </p>
        <Show when={endsInALine(props.operation) && props.operation.archive}>
          {(archive) => (
            <A href={`/backups/${encodeURIComponent(archive())}`} class="text-brand hover:underline">
              {words.operation.openBackup}
            </A>
          )}
        </Show>
      </div>
      <Button
        look="quiet"
        square
        class="shrink-0"
        aria-label={shellWords.ended.close(title())}
        onClick={() => props.onGone()}
      >
        <X class="size-5" aria-hidden="true" />
      </Button>
    </li>
  );
}

function endText(operation: Operation): string {
  return isIncomplete(operation) ? words.operation.finishedPartly : words.operation.states[operation.state];
}

/** Returns a sentence or two on the result. */
function aboutEnd({ kind, state, error, result }: Operation): string {
  const { operation: w } = words;
  if (state !== 'succeeded') return error?.message ?? '';
  return `${w.succeeded[kind] ?? shellWords.ended.done} ${result?.['verified'] === true ? w.verified : ''}`.trim();
}
