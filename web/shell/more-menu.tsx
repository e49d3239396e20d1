import { useLocation } from '@solidjs/router';
import Ellipsis from 'lucide-solid/icons/ellipsis';
import { createEffect, createSignal, createUniqueId, For, onCleanup } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import { words } from '../strings/shared.ts';
import type { NavItem } from './nav-items.ts';
import { NavLink } from './nav-link.tsx';

/**
 * Renders the links to rarely used pages. On a phone a button in the bar opens them and shows the current one. On a wider screen they stand
 * below the others.
 */
export function MoreMenu(props: { items: readonly NavItem[] }) {
  const location = useLocation();
  const [open, setOpen] = createSignal(false);
  const id = createUniqueId();
  let box: HTMLDivElement | undefined;
  let opener: HTMLButtonElement | undefined;
  const current = () => props.items.find(({ href }) => href === location.pathname);
  // While open: choosing a page closes it, and so does a press or the focus elsewhere.
  createEffect(() => {
    if (!open()) return;
    const controller = new AbortController();
    const { signal } = controller;
    onCleanup(() => controller.abort());
    const closeOnOutside = (event: Event) => {
      if (event.target instanceof Node && !box?.contains(event.target)) setOpen(false);
    };
    const closeOnLink = (event: Event) => {
      if (event.target instanceof Element && event.target.closest('a') && box?.contains(event.target)) setOpen(false);
    };
    document.addEventListener('click', closeOnLink, { signal });
    document.addEventListener('pointerdown', closeOnOutside, { signal });
    document.addEventListener('focusin', closeOnOutside, { signal });
    document.addEventListener(
      'keydown',
      (event) => {
        if (event.key !== 'Escape') return;
        setOpen(false);
        opener?.focus();
      },
      { signal },
    );
  });
  return (
    <div ref={box} class="flex-1 md:mt-4 md:border-t md:border-line md:pt-4">
      <button
        ref={opener}
        type="button"
        class={`flex min-h-14 w-full flex-col items-center justify-center gap-1 text-xs font-medium md:hidden ${current() || open() ? 'text-brand' : 'text-soft'}`}
        aria-expanded={open()}
        aria-controls={id}
        aria-label={current() ? words.nav.moreNow(current()?.name ?? '') : words.nav.more}
        onClick={() => setOpen(!open())}
      >
        <Dynamic component={current()?.icon ?? Ellipsis} class="size-5 shrink-0" aria-hidden="true" />
        {current()?.name ?? words.nav.more}
      </button>
      <ul
        id={id}
        class={`absolute right-2 bottom-full mb-2 min-w-44 rounded-xl border border-line bg-card p-1.5 shadow-lg md:static md:mb-0 md:block md:space-y-1 md:border-0 md:p-0 md:shadow-none ${open() ? 'overlay-in' : 'hidden'}`}
      >
        <For each={props.items}>{(place) => <NavLink item={place} row />}</For>
      </ul>
    </div>
  );
}
