import { createSignal } from 'solid-js';

const TICK_MS = 20_000;

const [now, setNow] = createSignal(new Date());

/** Now, as exactly as people count it: it changes a few times a minute. */
export { now };

/** Starts the clock. For the root alone. */
export function startClock(): void {
  setInterval(() => setNow(new Date()), TICK_MS);
}
