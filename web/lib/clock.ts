import { createSignal } from 'solid-js';

const TICK_MS = 20_000;

const [now, setNow] = createSignal(new Date());

/** The current time at the precision people see; it changes a few times a minute. */
export { now };

/** Starts the clock. Call it once, in the root. */
export function startClock(): void {
  setInterval(() => setNow(new Date()), TICK_MS);
}
