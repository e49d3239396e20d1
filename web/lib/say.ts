import { createSignal } from 'solid-js';

const [said, setSaid] = createSignal('');

/** The text in the page's live region. */
export { said };

/** Announces a text to screen readers, politely: after what they are reading. */
export function say(text: string): void {
  // Clear it first, so that the same text twice is announced twice.
  setSaid('');
  queueMicrotask(() => setSaid(text));
}
