import { type Accessor, createEffect, createSignal, on, onCleanup, type Setter } from 'solid-js';

const TYPING_MS = 250;

/**
 * Creates the text of a debounced field: `tell` gets it, trimmed, once typing pauses for 250 ms. The text follows `told` when that changes
 * elsewhere, as by Back.
 */
export function createTyping(told: Accessor<string>, tell: (text: string) => void): [Accessor<string>, Setter<string>] {
  const [typed, setTyped] = createSignal(told());
  // What was told last comes back by `told`, later than more is typed perhaps.
  let own = told();
  createEffect(
    on(
      typed,
      (text) => {
        if (text.trim() === told()) return;
        const timer = setTimeout(() => {
          own = text.trim();
          tell(own);
        }, TYPING_MS);
        onCleanup(() => clearTimeout(timer));
      },
      { defer: true },
    ),
  );
  createEffect(
    on(
      told,
      (text) => {
        if (text === own) return;
        own = text;
        if (typed().trim() !== text) setTyped(text);
      },
      { defer: true },
    ),
  );
  return [typed, setTyped];
}
