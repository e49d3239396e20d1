import { A } from '@solidjs/router';
import { createMemo, For, type JSX, Show, Suspense } from 'solid-js';
import type { Person } from '../api.ts';
import { lazyWithRetry } from '../lib/server/lazy-with-retry.ts';
import { stepUpRequest } from '../lib/step-up/with-step-up.ts';
import { words } from '../strings/shared.ts';
import { AccountMenu } from './account-menu.tsx';
import { MoreMenu } from './more-menu.tsx';
import { navItemsFor } from './nav-items.ts';
import { NavLink } from './nav-link.tsx';
import { PaletteButton } from './palette-button.tsx';

const EndedOperations = lazyWithRetry(() => import('./operation-toasts.tsx').then((part) => part.OperationToasts));
const PasswordQuestion = lazyWithRetry(() => import('./step-up-dialog.tsx').then((part) => part.StepUpDialog));

/** Renders the frame of every page after sign-in. On a phone the links stand at the bottom, near the thumb. */
export function Shell(props: { me: Person; children: JSX.Element }) {
  const navItems = () => navItemsFor(props.me);
  // The dialog stays mounted once opened: on closing it gives the focus back.
  const needsDialog = createMemo((before: boolean) => before || stepUpRequest() !== null, false);
  return (
    <div class="min-h-dvh md:grid md:grid-cols-[14rem_1fr] print:block">
      <a
        href="#content"
        class="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-card focus:px-4 focus:py-2"
      >
        {words.skip}
      </a>
      <header class="flex items-center justify-between gap-3 border-b border-line bg-card px-4 py-2 md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:border-r md:border-b-0 md:px-3 md:py-5 md:in-[:root:has([data-lost])]:pt-14 print:hidden">
        <A href="/" class="flex items-center gap-2.5 rounded-lg px-1 font-semibold md:px-3">
          <img src="/icon.svg" alt="" class="size-7" width="28" height="28" />
          {words.name}
        </A>
        <PaletteButton me={props.me} />
        <Show when={navItems().daily.length > 0} fallback={<div class="flex-1" />}>
          <nav
            aria-label={words.nav.label}
            class="fixed inset-x-0 bottom-0 z-30 flex border-t border-line bg-card pb-[env(safe-area-inset-bottom)] md:static md:mt-6 md:block md:flex-1 md:overflow-y-auto md:border-0 md:p-0.5"
          >
            <ul class="contents md:block md:space-y-1">
              <For each={navItems().daily}>{(place) => <NavLink item={place} />}</For>
            </ul>
            <Show
              when={navItems().other.length > 1}
              fallback={
                <ul class="contents md:mt-4 md:block md:border-t md:border-line md:pt-4">
                  <For each={navItems().other}>{(place) => <NavLink item={place} />}</For>
                </ul>
              }
            >
              <MoreMenu items={navItems().other} />
            </Show>
          </nav>
        </Show>
        <AccountMenu me={props.me} />
      </header>
      <main
        id="content"
        tabindex="-1"
        class="min-w-0 px-4 pt-6 pb-[calc(7rem+var(--toasts-height,0px))] md:px-8 md:pt-8 md:pb-[calc(4rem+var(--toasts-height,0px))] print:p-0"
      >
        <div class="mx-auto max-w-5xl">{props.children}</div>
      </main>
      <Show when={props.me.scopes.includes('operations:read')}>
        <Suspense>
          <EndedOperations />
        </Suspense>
      </Show>
      <Show when={needsDialog()}>
        <Suspense>
          <PasswordQuestion />
        </Suspense>
      </Show>
    </div>
  );
}
