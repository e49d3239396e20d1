import { A } from '@solidjs/router';
import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import X from 'lucide-solid/icons/x';
import { createEffect, createUniqueId, on, Show } from 'solid-js';
import { api, type Operation } from '../api.ts';
import { failureOf } from '../lib/failure.ts';
import { followOperation, hasEnded } from '../lib/live.ts';
import { shareOf, titleOf } from '../lib/operations.ts';
import { keys, queries } from '../lib/queries.ts';
import { say } from '../lib/say.ts';
import { words } from '../strings.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { OperationProgress } from './operation-progress.tsx';
import { OperationResult } from './operation-result.tsx';
import { StateBadge } from './state-badge.tsx';

interface OperationCardProps {
  operation: Operation;
  /** Each table is shown from the beginning, not only when asked for. */
  open?: boolean;
  /** Whether it may be stopped by who looks. */
  mayCancel: boolean;
  onDismiss?: (() => void) | undefined;
  /** The page around it is called the same already. */
  untitled?: boolean;
}

const SAID_EVERY = 25;

/** One operation, live: what it does, how far it is, how it ended. Follows it by itself until it has ended. */
export function OperationCard(props: OperationCardProps) {
  const id = createUniqueId();
  const client = useQueryClient();
  const known = useQuery(() => ({ ...queries.operation(props.operation.id), initialData: props.operation }));
  const operation = () => known.data ?? props.operation;
  const title = () => titleOf(operation());
  const link = followOperation(() => (hasEnded(props.operation) ? null : props.operation.id));
  const cancel = useMutation(() => ({
    mutationFn: async () => (await api.operations.cancel.mutate({ id: props.operation.id })).data,
    onSuccess: (answer: Operation) => {
      client.setQueryData(keys.operation(answer.id), answer);
      if (!hasEnded(answer)) say(words.operation.cancelAsked);
    },
  }));

  createEffect(
    on(
      () => operation().state,
      (state) => say(words.operation.said(title(), words.operation.states[state])),
      { defer: true },
    ),
  );
  let saidPercent = 0;
  createEffect(() => {
    const percent = Math.floor(((shareOf(operation()) ?? 0) * 100) / SAID_EVERY) * SAID_EVERY;
    if (percent > saidPercent) say(words.operation.saidPercent(title(), percent));
    saidPercent = percent;
  });

  return (
    <article aria-labelledby={id} class="rounded-xl border border-line bg-card p-5" data-operation={props.operation.id}>
      <div class="flex items-start justify-between gap-3">
        <div class="min-w-0">
          <Show
            when={!props.untitled}
            fallback={
              <h2 id={id} class="sr-only">
                {title()}
              </h2>
            }
          >
            <h3 id={id} class="font-semibold wrap-anywhere">
              <A href={`/operations/${operation().id}`} class="hover:underline">
                {title()}
              </A>
            </h3>
          </Show>
          <div class={props.untitled ? '' : 'mt-1.5'}>
            <StateBadge state={operation().state} />
          </div>
        </div>
        <Show when={!hasEnded(operation()) && props.mayCancel}>
          <Button
            class="shrink-0"
            busy={cancel.isPending || operation().cancelRequestedAt !== null}
            onClick={() => cancel.mutate()}
          >
            {operation().cancelRequestedAt === null ? words.operation.cancel : words.operation.cancelling}
          </Button>
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
