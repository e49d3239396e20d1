import { A } from '@solidjs/router';
import { useMutation, useQueryClient } from '@tanstack/solid-query';
import X from 'lucide-solid/icons/x';
import { createEffect, createMemo, createUniqueId, on, onCleanup, Show, untrack } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { isIncomplete, titleOf } from '../../lib/operations.ts';
import { shareOf } from '../../lib/progress.ts';
import { say } from '../../lib/say.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { followOperation, hasEnded, knownOperation, noteOperation } from '../../lib/server/live.ts';
import { endsInALine, tellEndHere } from '../../shell/operation-ends.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../button.tsx';
import { FailureNotice } from '../failure-notice.tsx';
import { StateBadge } from '../state-badge.tsx';
import { OperationProgress } from './operation-progress.tsx';
import { OperationResult } from './operation-result.tsx';

interface OperationCardProps {
  operation: Operation;
  /** True to unfold the tables from the beginning. */
  open?: boolean;
  /** True when the person may cancel it. */
  mayCancel: boolean;
  onDismiss?: (() => void) | undefined;
  /** Runs when it has ended so well that a line says everything: the caller then removes the card. */
  onLine?: (() => void) | undefined;
  /** True when the page around it has the same title. */
  untitled?: boolean;
}

const SAID_EVERY = 25;

/** Renders one operation and follows it live until it has ended: its work, progress and result. */
export function OperationCard(props: OperationCardProps) {
  const id = createUniqueId();
  const client = useQueryClient();
  const operation = knownOperation(() => props.operation);
  const title = () => titleOf(operation());
  let heading: HTMLHeadingElement | undefined;
  const link = followOperation(() => (hasEnded(props.operation) ? null : props.operation.id));
  const cancel = useMutation(() => ({
    mutationFn: async () => (await api.operations.cancel.mutate({ id: props.operation.id })).data,
    onSuccess: (answer: Operation) => {
      if (!hasEnded(noteOperation(client, answer))) say(words.operation.cancelAsked);
    },
  }));

  // Every update is a new operation object, mostly with equal fields.
  const state = createMemo(() => operation().state);
  const isWaiting = createMemo(() => !hasEnded(operation()) && operation().progress?.blocked === true);
  // An operation that has ended is announced by its result, not by a percentage.
  const percent = createMemo(() => (hasEnded(operation()) ? 0 : saidShare(operation())));
  const isLine = createMemo(() => props.onLine !== undefined && endsInALine(operation()));
  tellEndHere(
    () => props.operation.id,
    () => props.onLine === undefined,
  );
  createEffect(
    on(
      state,
      (now) => {
        // The frame announces it with the line.
        if (isLine()) return;
        const told = isIncomplete(operation()) ? words.operation.finishedPartly : words.operation.states[now];
        say(words.operation.said(title(), told));
      },
      { defer: true },
    ),
  );
  createEffect(() => isLine() && untrack(() => props.onLine?.()));
  createEffect(on(isWaiting, (waits) => waits && say(words.operation.saidWaiting(title())), { defer: true }));
  createEffect<number | undefined>((before) => {
    const now = percent();
    if (before !== undefined && now > before) say(words.operation.saidPercent(untrack(title), now));
    return now;
  });

  return (
    <article aria-labelledby={id} class="rounded-xl border border-line bg-card p-5" data-operation={props.operation.id}>
      <div class="flex items-start justify-between gap-3">
        <div class="min-w-0">
          <Show
            when={!props.untitled}
            fallback={
              <h2 ref={heading} id={id} tabindex="-1" class="sr-only">
                {title()}
              </h2>
            }
          >
            <h3 ref={heading} id={id} tabindex="-1" class="font-semibold wrap-anywhere">
              <A href={`/operations/${operation().id}`} class="hover:underline">
                {title()}
              </A>
            </h3>
          </Show>
          <div class={props.untitled ? '' : 'mt-1.5'}>
            <StateBadge of={operation()} />
          </div>
        </div>
        <Show when={!hasEnded(operation()) && props.mayCancel}>
          <CancelButton
            operation={operation()}
            busy={cancel.isPending}
            onCancel={() => cancel.mutate()}
            onGone={() => heading?.focus({ preventScroll: true })}
          />
        </Show>
        <Show when={hasEnded(operation()) && props.onDismiss}>
          <Button
            look="quiet"
            square
            class="-mt-2 -mr-2 shrink-0"
            aria-label={words.close}
            onClick={() => props.onDismiss?.()}
          >
            <X class="size-5" aria-hidden="true" />
          </Button>
        </Show>
      </div>
      <Show when={cancel.error}>
        {(error) => (
          <div class="mt-3">
            <FailureNotice failure={failureOf(error())} />
          </div>
        )}
      </Show>
      <div class="mt-4">
        <Show
          when={hasEnded(operation())}
          fallback={<OperationProgress operation={operation()} link={link()} open={props.open ?? false} />}
        >
          <OperationResult operation={operation()} />
        </Show>
      </div>
    </article>
  );
}

interface CancelButtonProps {
  operation: Operation;
  busy: boolean;
  onCancel: () => void;
  /** Runs when the button disappears while it has the focus. */
  onGone: () => void;
}

function CancelButton(props: CancelButtonProps) {
  const isAsked = () => props.operation.cancelRequestedAt !== null;
  let button: HTMLButtonElement | undefined;
  onCleanup(() => {
    if (document.activeElement === button) props.onGone();
  });
  return (
    <Button
      ref={(found) => {
        button = found;
      }}
      class="shrink-0"
      busy={props.busy || isAsked()}
      onClick={() => props.onCancel()}
    >
      {isAsked() ? words.operation.cancelling : words.operation.cancel(props.operation.kind)}
    </Button>
  );
}

/** Returns the progress in percent, rounded down to steps worth announcing. */
function saidShare(operation: Operation): number {
  return Math.floor(((shareOf(operation) ?? 0) * 100) / SAID_EVERY) * SAID_EVERY;
}
