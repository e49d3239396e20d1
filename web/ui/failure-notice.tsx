import CircleAlert from 'lucide-solid/icons/circle-alert';
import { type JSX, onMount, Show } from 'solid-js';
import type { Failure } from '../lib/server/failure.ts';
import { words } from '../strings/shared.ts';
import { Button } from './button.tsx';
import { CopyButton } from './copy-button.tsx';

interface FailureNoticeProps {
  failure: Failure;
  onRetry?: (() => void) | undefined;
  /** More things to do about it. */
  children?: JSX.Element;
}

/** Shows a failure, what to do, and the reference for the server's operator. Screen readers announce it at once. */
export function FailureNotice(props: FailureNoticeProps) {
  let box: HTMLDivElement | undefined;
  onMount(() => {
    // The dialog may have been scrolled away from this notice.
    if (box?.closest('[role=dialog]')) box.scrollIntoView({ block: 'nearest' });
  });
  return (
    <div ref={box} role="alert" class="rounded-lg border border-bad/40 bg-bad-wash p-4 text-sm">
      <div class="flex flex-wrap gap-3">
        <CircleAlert class="mt-0.5 size-5 shrink-0 text-bad" aria-hidden="true" />
        <div class="min-w-0 flex-1 basis-52 space-y-1">
          <p class="font-medium break-words">{props.failure.message}</p>
          <Show when={props.failure.hint}>{(hint) => <p class="break-words">{hint()}</p>}</Show>
          <p class="flex flex-wrap items-center gap-x-3 gap-y-1 pt-1 text-soft">
            <span>
              {words.failure.technical} <code class="font-mono text-xs">{props.failure.code}</code>
            </span>
            <Show when={props.failure.reference}>
              {(reference) => (
                <span class="flex items-center gap-1">
                  <span>
                    {words.failure.reference} <code class="font-mono text-xs break-all">{reference()}</code>
                  </span>
                  <CopyButton text={reference()} label={words.failure.copyReference} />
                </span>
              )}
            </Show>
          </p>
          {props.children}
        </div>
        <Show when={props.onRetry}>
          {(retry) => (
            <Button class="ml-8 shrink-0 self-start sm:ml-0" onClick={() => retry()()}>
              {words.tryAgain}
            </Button>
          )}
        </Show>
      </div>
    </div>
  );
}
