import { useLocation } from '@solidjs/router';
import Search from 'lucide-solid/icons/search';
import { createEffect, createMemo, createSignal, on, Show, Suspense } from 'solid-js';
import type { Person } from '../api.ts';
import { captureTyping } from '../lib/input/capture-typing.ts';
import { lazyWithRetry } from '../lib/server/lazy-with-retry.ts';
import { words } from '../strings/shared.ts';
import { buttonClass } from '../ui/button.tsx';
import { PALETTE_KEYS, useShortcuts } from './shortcuts.ts';

const Palette = lazyWithRetry(() => import('./palette.tsx').then((part) => part.Palette));

/** Renders the button that opens the command palette, with the keys that do the same. */
export function PaletteButton(props: { me: Person }) {
  const [open, setOpen] = createSignal(false);
  // The palette stays mounted once opened: on closing it gives the focus back.
  const hasOpened = createMemo((before: boolean) => before || open(), false);
  const location = useLocation();
  // It may have to be loaded first; what is typed meanwhile is kept for its field.
  const show = (typed: string) => {
    captureTyping(() => setOpen(false), typed);
    setOpen(true);
  };
  useShortcuts(show);
  // Closes it when Back, or anything else, changes the page.
  createEffect(
    on(
      () => location.pathname,
      () => setOpen(false),
      { defer: true },
    ),
  );
  return (
    <>
      <button
        type="button"
        class={`${buttonClass('ghost')} ml-auto px-3! text-soft md:mt-4 md:ml-0 md:w-full md:justify-start md:border md:border-line`}
        aria-keyshortcuts={PALETTE_KEYS.aria}
        aria-haspopup="dialog"
        onPointerEnter={() => void Palette.preload()}
        onClick={() => show('')}
      >
        <Search class="size-5 shrink-0 md:size-4" aria-hidden="true" />
        <span class="max-md:sr-only">{words.goTo}</span>
        <span class="ml-auto hidden text-xs md:inline" aria-hidden="true">
          {PALETTE_KEYS.shown}
        </span>
      </button>
      <Show when={hasOpened()}>
        <Suspense>
          <Palette me={props.me} open={open()} onClose={() => setOpen(false)} />
        </Suspense>
      </Show>
    </>
  );
}
