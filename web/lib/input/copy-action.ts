import { createSignal, onCleanup } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { announce } from '../announce.ts';

const SHOWN_MS = 2000;

/**
 * Creates a copy action that announces its result to screen readers. `copied` is true for two seconds after a success, false after a
 * failure until the next try, and null otherwise.
 */
export function createCopyAction(text: () => string, done: string = words.copied) {
  const [copied, setCopied] = createSignal<boolean | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  onCleanup(() => clearTimeout(timer));
  const copy = async () => {
    clearTimeout(timer);
    setCopied(await copyText(text()));
    announce(copied() ? done : words.notCopied);
    if (copied()) timer = setTimeout(() => setCopied(null), SHOWN_MS);
  };
  return { copied, copy: () => void copy() };
}

/** Returns false when the browser forbids it, as on plain HTTP pages of other machines. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
