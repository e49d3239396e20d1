import { type Accessor, createEffect, createSignal, onCleanup } from 'solid-js';

/** Counts seconds down to 0, from whatever is asked for last. */
export function createPatience(seconds: Accessor<number | null>): Accessor<number> {
  const [left, setLeft] = createSignal(0);
  createEffect(() => {
    setLeft(seconds() ?? 0);
    const timer = setInterval(() => setLeft((count) => Math.max(0, count - 1)), 1000);
    onCleanup(() => clearInterval(timer));
  });
  return left;
}
