import { A } from '@solidjs/router';
import { useMutation, useQueryClient } from '@tanstack/solid-query';
import X from 'lucide-solid/icons/x';
import { createEffect, createMemo, createUniqueId, on, onCleanup, Show, untrack } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { isIncomplete, operationTitle } from '../../lib/operations/operation.ts';
import { cacheOperation, followOperation, hasEnded, latestOperation } from '../../lib/operations/operation-stream.ts';
import { type Lead, monotonicShare, shareOf, shareWith } from '../../lib/operations/progress.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { isToastEnough, registerResultView } from '../../shell/result-views.ts';
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
  onToast?: (() => void) | undefined;
  /** True when the page around it has the same title. */
  untitled?: boolean;
  /** The work before it, shown in the same bar. */
  lead?: Lead | undefined;
}

const ANNOUNCE_EVERY_PERCENT = 25;

/** Renders one operation and follows it live until it has ended: its work, progress and result. */
export function OperationCard(props: OperationCardProps) {
  const id = createUniqueId();
  const client = useQueryClient();
  const operation = latestOperation(() => props.operation);
  const title = () => operationTitle(operation());
  let heading: HTMLHeadingElement | undefined;
  const streamState = followOperation(() => (hasEnded(props.operation) ? null : props.operation.id));
  const cancel = useMutation(() => ({
    mutationFn: async () => (await api.operations.cancel.mutate({ id: props.operation.id })).data,
    onSuccess: (answer: Operation) => {
      if (!hasEnded(cacheOperation(client, answer))) announce(words.operation.cancelAsked);
    },
  }));

  // Every update is a new operation object, mostly with equal fields.
  const state = createMemo(() => operation().state);
  const isWaiting = createMemo(() => !hasEnded(operation()) && operation().progress?.blocked === true);
  // An operation that has ended is announced by its result, not by a percentage.
  const share = createMemo<number | null>((before) => {
    const own = shareOf(operation());
    return monotonicShare(before, props.lead ? shareWith(props.lead, own) : own);
  }, null);
  const percent = createMemo(() => (hasEnded(operation()) ? 0 : announcedPercent(share())));
  const endsWithToast = createMemo(() => props.onToast !== undefined && isToastEnough(operation()));
  registerResultView(() => ({ id: props.operation.id, routine: props.onToast === undefined, progress: true }));
  createEffect(
    on(
      state,
      (now) => {
        // The frame announces it with the line.
        if (endsWithToast()) return;
        const outcome = isIncomplete(operation()) ? words.operation.finishedPartly : words.operation.states[now];
        announce(words.operation.said(title(), outcome));
      },
      { defer: true },
    ),
  );
  createEffect(() => endsWithToast() && untrack(() => props.onToast?.()));
  createEffect(on(isWaiting, (waits) => waits && announce(words.operation.saidWaiting(title())), { defer: true }));
  createEffect<number | undefined>((before) => {
    const now = percent();
    if (before !== undefined && now > before) announce(words.operation.saidPercent(untrack(title), now));
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
            onFocusLost={() => heading?.focus({ preventScroll: true })}
          />
        </Show>
        <Show when={hasEnded(operation()) && props.onDismiss}>
          <Button
            variant="ghost"
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
          fallback={
            <OperationProgress
              operation={operation()}
              share={share()}
              lead={props.lead}
              stream={streamState()}
              open={props.open ?? false}
            />
          }
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
  onFocusLost: () => void;
}

function CancelButton(props: CancelButtonProps) {
  const isCancelling = () => props.operation.cancelRequestedAt !== null;
  let button: HTMLButtonElement | undefined;
  onCleanup(() => {
    if (document.activeElement === button) props.onFocusLost();
  });
  return (
    <Button
      ref={(found) => {
        button = found;
      }}
      class="shrink-0"
      busy={props.busy || isCancelling()}
      onClick={() => props.onCancel()}
    >
      {isCancelling() ? words.operation.cancelling : words.operation.cancel(props.operation.kind)}
    </Button>
  );
}

/** Returns the progress in percent, rounded down to steps worth announcing. */
function announcedPercent(share: number | null): number {
  return Math.floor(((share ?? 0) * 100) / ANNOUNCE_EVERY_PERCENT) * ANNOUNCE_EVERY_PERCENT;
}
