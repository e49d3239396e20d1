import { type Accessor, createEffect, createSignal, on, onCleanup, type Setter } from 'solid-js';

const DEBOUNCE_MS = 250;

/**
 * Creates the text of a debounced field: `onChange` gets it, trimmed, once typing pauses for 250 ms. The text follows `value` when that changes
 * elsewhere, as by Back.
 */
export function createDebouncedText(
  value: Accessor<string>,
  onChange: (text: string) => void,
): [Accessor<string>, Setter<string>] {
  const [typed, setTyped] = createSignal(value());
  // The last reported text comes back as `value`, perhaps after more was typed.
  let reported = value();
  createEffect(
    on(
      typed,
      (text) => {
        if (text.trim() === value()) return;
        const timer = setTimeout(() => {
          reported = text.trim();
          onChange(reported);
        }, DEBOUNCE_MS);
        onCleanup(() => clearTimeout(timer));
      },
      { defer: true },
    ),
  );
  createEffect(
    on(
      value,
      (text) => {
        if (text === reported) return;
        reported = text;
        if (typed().trim() !== text) setTyped(text);
      },
      { defer: true },
    ),
  );
  return [typed, setTyped];
}
