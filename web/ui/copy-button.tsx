import Check from 'lucide-solid/icons/check';
import Copy from 'lucide-solid/icons/copy';
import { Show } from 'solid-js';
import { createCopyAction } from '../lib/input/copy-action.ts';

/** Renders a button that copies a text, and says that it did. */
export function CopyButton(props: { text: string; label: string }) {
  const { copied, copy } = createCopyAction(() => props.text);
  return (
    <button
      type="button"
      class="inline-flex print:hidden size-8 items-center justify-center rounded-md text-soft hover:bg-sunk hover:text-ink"
      aria-label={props.label}
      title={props.label}
      onClick={copy}
    >
      <Show when={copied()} fallback={<Copy class="size-4" aria-hidden="true" />}>
        <Check class="size-4 text-good" aria-hidden="true" />
      </Show>
    </button>
  );
}
