import Check from 'lucide-solid/icons/check';
import Copy from 'lucide-solid/icons/copy';
import { createSignal, onCleanup, Show } from 'solid-js';
import { say } from '../lib/say.ts';
import { words } from '../strings.ts';

const SHOWN_MS = 2000;

/** Copies a text, and says that it did. */
export function CopyButton(props: { text: string; label: string }) {
  const [copied, setCopied] = createSignal(false);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const copy = async () => {
    const done = await copyText(props.text);
    say(done ? words.copied : words.notCopied);
    setCopied(done);
    clearTimeout(timer);
    timer = setTimeout(() => setCopied(false), SHOWN_MS);
  };
  return (
    <button
      type="button"
      class="inline-flex size-8 items-center justify-center rounded-md text-soft hover:bg-sunk hover:text-ink"
      aria-label={props.label}
      title={props.label}
      onClick={() => void copy()}
    >
      <Show when={copied()} fallback={<Copy class="size-4" aria-hidden="true" />}>
        <Check class="size-4 text-good" aria-hidden="true" />
      </Show>
    </button>
  );
}

/** False where the browser does not allow it, as on plain HTTP pages of other machines. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
