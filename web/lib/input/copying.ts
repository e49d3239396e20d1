import { createSignal, onCleanup } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { say } from '../say.ts';

const SHOWN_MS = 2000;

/** A text that can be copied. `copied`: whether the last try did it, for two seconds; that it did not stays. Null: neither. Says either aloud. */
export function createCopying(text: () => string, done: string = words.copied) {
  const [copied, setCopied] = createSignal<boolean | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const copy = async () => {
    clearTimeout(timer);
    setCopied(await copyText(text()));
    say(copied() ? done : words.notCopied);
    if (copied()) timer = setTimeout(() => setCopied(null), SHOWN_MS);
  };
  return { copied, copy: () => void copy() };
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
