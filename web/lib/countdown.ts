import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js';

/** Returns a countdown in seconds to 0, restarted whenever `seconds` changes. */
export function createCountdown(seconds: Accessor<number | null>): Accessor<number> {
  const [left, setLeft] = createSignal(0);
  createEffect(() => {
    setLeft(seconds() ?? 0);
    const timer = setInterval(() => setLeft((count) => Math.max(0, count - 1)), 1000);
    onCleanup(() => clearInterval(timer));
  });
  return left;
}
