import { A } from '@solidjs/router';
import Activity from 'lucide-solid/icons/activity';
import Archive from 'lucide-solid/icons/archive';
import ArchiveRestore from 'lucide-solid/icons/archive-restore';
import House from 'lucide-solid/icons/house';
import { For, type JSX } from 'solid-js';
import type { Person } from '../api.ts';
import { words } from '../strings.ts';
import { AccountMenu } from './account-menu.tsx';

const PLACES = [
  { href: '/', name: words.nav.overview, icon: House, end: true },
  { href: '/backups', name: words.nav.backups, icon: Archive, end: false },
  { href: '/restore', name: words.nav.restore, icon: ArchiveRestore, end: false },
  { href: '/operations', name: words.nav.operations, icon: Activity, end: false },
];

/** What surrounds every page of who is signed in. On a phone the places stand below, where the thumb is. */
export function Shell(props: { me: Person; children: JSX.Element }) {
  return (
    <div class="min-h-dvh md:grid md:grid-cols-[14rem_1fr]">
      <a
        href="#content"
        class="sr-only focus:not-sr-only focus:fixed focus:top-2 focus:left-2 focus:z-50 focus:rounded-lg focus:bg-card focus:px-4 focus:py-2"
      >
        {words.skip}
      </a>
      <header class="flex items-center justify-between gap-3 border-b border-line bg-card px-4 py-2 md:sticky md:top-0 md:h-dvh md:flex-col md:items-stretch md:border-r md:border-b-0 md:px-3 md:py-5">
        <A href="/" class="flex items-center gap-2.5 rounded-lg px-1 font-semibold md:px-3">
          <img src="/icon.svg" alt="" class="size-7" width="28" height="28" />
          {words.name}
        </A>
        <nav
          aria-label={words.nav.label}
          class="fixed inset-x-0 bottom-0 z-30 border-t border-line bg-card pb-[env(safe-area-inset-bottom)] md:static md:mt-6 md:flex-1 md:border-0 md:p-0"
        >
          <ul class="grid grid-cols-4 md:grid-cols-1 md:gap-1">
            <For each={PLACES}>
              {(place) => (
                <li>
                  <A
                    href={place.href}
                    end={place.end}
                    class="flex min-h-14 flex-col items-center justify-center gap-1 text-xs font-medium md:min-h-10 md:flex-row md:justify-start md:gap-3 md:rounded-lg md:px-3 md:text-sm"
                    activeClass="text-brand md:bg-brand-wash"
                    inactiveClass="text-soft hover:text-ink md:hover:bg-sunk"
                  >
                    <place.icon class="size-5 shrink-0" aria-hidden="true" />
                    {place.name}
                  </A>
                </li>
              )}
            </For>
          </ul>
        </nav>
        <AccountMenu me={props.me} />
      </header>
      <main id="content" tabindex="-1" class="min-w-0 px-4 pt-6 pb-28 md:px-8 md:pt-8 md:pb-16">
        <div class="mx-auto max-w-5xl">{props.children}</div>
      </main>
    </div>
  );
}
