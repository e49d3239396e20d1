import Check from 'lucide-solid/icons/check';
import Copy from 'lucide-solid/icons/copy';
import { onMount, Show } from 'solid-js';
import { createCopyAction } from '../../lib/input/copy-action.ts';
import { accessWords } from '../../strings/access.ts';
import { words } from '../../strings/shared.ts';
import { Button, ButtonRow, buttonClass } from '../../ui/button.tsx';

const { made: w } = accessWords;

/** Shows a new token, this once. */
export function NewToken(props: { token: string; onDone: () => void }) {
  const { copied, copy } = createCopyAction(() => props.token);
  let copyButton: HTMLButtonElement | undefined;
  // The form that had the focus is gone.
  onMount(() => copyButton?.focus());
  return (
    <div class="space-y-4">
      <p class="text-sm font-medium">{w.token}</p>
      <code
        data-token
        class="-mt-3 block rounded-lg border border-edge bg-sunk p-3 font-mono text-xs break-all select-all"
      >
        {props.token}
      </code>
      <Show when={copied() === false}>
        <p class="text-sm text-bad">{words.notCopied}</p>
      </Show>
      <ButtonRow>
        <Button onClick={() => props.onDone()}>{w.done}</Button>
        <button type="button" ref={copyButton} class={buttonClass('primary')} onClick={copy}>
          <Show when={copied()} fallback={<Copy class="size-4" aria-hidden="true" />}>
            <Check class="size-4" aria-hidden="true" />
          </Show>
          {copied() ? words.copied : w.copy}
        </button>
      </ButtonRow>
    </div>
  );
}
