import { createSignal } from 'solid-js';

const [said, setSaid] = createSignal('');

/** What the live region of the page holds. */
export { said };

/** Tells something to people who cannot see it happen. Said politely, after what is being read. */
export function say(text: string): void {
  // The same words twice are told twice.
  setSaid('');
  queueMicrotask(() => setSaid(text));
}
