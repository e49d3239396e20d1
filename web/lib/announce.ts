import { createSignal } from 'solid-js';

const [announcement, setAnnouncement] = createSignal('');

/** The text in the page's live region. */
export { announcement };

/** Announces a text to screen readers, politely: after what they are reading. */
export function announce(text: string): void {
  // Clear it first, so that the same text twice is announced twice.
  setAnnouncement('');
  queueMicrotask(() => setAnnouncement(text));
}
