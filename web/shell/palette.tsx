import { useNavigate } from '@solidjs/router';
import { keepPreviousData, useQuery } from '@tanstack/solid-query';
import type { LucideProps } from 'lucide-solid';
import Archive from 'lucide-solid/icons/archive';
import Keyboard from 'lucide-solid/icons/keyboard';
import LogOut from 'lucide-solid/icons/log-out';
import Plus from 'lucide-solid/icons/plus';
import SunMoon from 'lucide-solid/icons/sun-moon';
import Upload from 'lucide-solid/icons/upload';
import { type Component, createEffect, createMemo, createSignal, createUniqueId, For, on, Show } from 'solid-js';
import type { Person, Scope } from '../api.ts';
import { announce } from '../lib/announce.ts';
import { backupTime } from '../lib/backup-actions.ts';
import { requestBackupDialog } from '../lib/backup-dialog-request.ts';
import { momentText } from '../lib/format.ts';
import { takeCapturedText } from '../lib/input/capture-typing.ts';
import { createDebouncedText } from '../lib/input/debounced-text.ts';
import { type Failure, failureOf } from '../lib/server/failure.ts';
import { latestData } from '../lib/server/latest-data.ts';
import { queries } from '../lib/server/queries.ts';
import { useSignOut } from '../lib/server/session.ts';
import { words } from '../strings/shared.ts';
import { shellWords } from '../strings/shell.ts';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { INPUT_CLASS } from '../ui/forms/field.tsx';
import { Modal } from '../ui/modal.tsx';
import { navItemsFor } from './nav-items.ts';
import { matchesAll } from './palette-search.ts';
import { isSlashEnabled, setSlashEnabled } from './shortcuts.ts';
import { chooseTheme, type Theme, theme } from './theme.ts';

const { palette: w } = shellWords;

interface Entry {
  name: string;
  more?: string;
  icon: Component<LucideProps>;
  /** Runs once the palette is closed, so that the page has the focus. */
  run: () => unknown;
}

const MAX_BACKUPS = 8;
const THEMES: Theme[] = ['light', 'dark', 'system'];

/** Renders the command palette: every page, the usual actions, and backups by name, searched and chosen by keys. */
export function Palette(props: { me: Person; open: boolean; onClose: () => void }) {
  const id = createUniqueId();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const [search, setSearch] = createSignal('');
  const [typed, setTyped] = createDebouncedText(search, setSearch);
  const [at, setAt] = createSignal(0);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  let field: HTMLInputElement | undefined;
  let chosen: Entry | null = null;
  const may = (scope: Scope) => props.me.scopes.includes(scope);
  const found = useQuery(() => ({
    ...queries.backups({ limit: MAX_BACKUPS, sort: 'madeAt', ...(search() && { search: search().slice(0, 200) }) }),
    enabled: props.open && may('backups:read'),
    placeholderData: keepPreviousData,
  }));
  createEffect(
    on(
      () => props.open,
      (open) => {
        if (!open) return;
        setTyped('');
        setSearch('');
        setFailure(null);
        chosen = null;
      },
    ),
  );
  createEffect(on(typed, () => setAt(0)));

  const pages = (): Entry[] => {
    const { daily, other } = navItemsFor(props.me);
    return [...daily, ...other].map(({ name, icon, href }) => ({ name, icon, run: () => navigate(href) }));
  };
  const actions = (): Entry[] => {
    const all: (Entry | false)[] = [
      may('backups:create') && {
        name: words.backups.make,
        icon: Plus,
        run: () => {
          requestBackupDialog(true);
          navigate('/backups');
        },
      },
      may('uploads:create') && { name: w.upload, icon: Upload, run: () => navigate('/restore') },
      ...THEMES.filter((one) => one !== theme()).map((one) => ({
        name: w.theme(words.theme[one]),
        icon: SunMoon,
        run: () => chooseTheme(one),
      })),
      {
        name: isSlashEnabled() ? w.slashOff : w.slashOn,
        icon: Keyboard,
        run: () => setSlashEnabled(!isSlashEnabled()),
      },
      { name: words.signOut, icon: LogOut, run: signOut },
    ];
    return all.filter((one) => one !== false);
  };
  const groups = createMemo(() => {
    const fits = ({ name }: Entry) => matchesAll(name, typed());
    const backups = (latestData(found)?.items ?? []).map((backup) => ({
      name: backup.fileName,
      more: momentText(new Date(backupTime(backup))),
      icon: Archive,
      run: () => navigate(`/backups/${encodeURIComponent(backup.fileName)}`),
    }));
    return [
      { name: w.places, entries: pages().filter(fits) },
      { name: w.actions, entries: actions().filter(fits) },
      { name: words.backups.title, entries: backups },
    ].filter(({ entries }) => entries.length > 0);
  });
  const entries = createMemo(() => groups().flatMap((group) => group.entries));
  const current = () => Math.min(at(), entries().length - 1);
  const idOf = (entry: Entry) => `${id}-${entries().indexOf(entry)}`;
  createEffect(
    on([current, entries], () => document.getElementById(`${id}-${current()}`)?.scrollIntoView({ block: 'nearest' })),
  );
  createEffect(
    on(
      () => entries().length,
      (count) => props.open && search() !== '' && announce(w.found(count)),
      { defer: true },
    ),
  );
  const choose = async (entry: Entry | undefined) => {
    if (!entry) return;
    if (entry.run !== signOut) {
      chosen = entry;
      return props.onClose();
    }
    try {
      await signOut();
    } catch (error) {
      setFailure(failureOf(error));
    }
  };
  const press = (event: KeyboardEvent) => {
    const last = entries().length - 1;
    const to = { ArrowDown: current() < last ? current() + 1 : 0, ArrowUp: current() > 0 ? current() - 1 : last }[
      event.key
    ];
    if (event.isComposing || (to === undefined && event.key !== 'Enter')) return;
    event.preventDefault();
    if (to === undefined) void choose(entries()[current()]);
    else setAt(to);
  };

  return (
    <Modal
      open={props.open}
      onClose={props.onClose}
      title={words.goTo}
      first={() => field}
      // The chosen entry moves the focus to a place of its own, or leaves it where it was.
      onClosed={() => chosen?.run()}
    >
      <Show when={failure()}>
        {(found) => (
          <div class="mb-3">
            <FailureNotice failure={found()} />
          </div>
        )}
      </Show>
      <input
        ref={field}
        type="text"
        role="combobox"
        aria-label={w.label}
        aria-expanded="true"
        aria-controls={`${id}-list`}
        aria-autocomplete="list"
        aria-activedescendant={entries().length > 0 ? `${id}-${current()}` : undefined}
        autocomplete="off"
        spellcheck={false}
        placeholder={w.label}
        class={INPUT_CLASS}
        value={typed()}
        onInput={(event) => setTyped(event.currentTarget.value)}
        onFocus={() => setTyped((text) => text + takeCapturedText())}
        onKeyDown={press}
      />
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label={words.goTo}
        class="mt-3 max-h-[min(24rem,50dvh)] overflow-y-auto low:max-h-none"
      >
        <For each={groups()}>
          {(group) => (
            <fieldset aria-label={group.name} class="min-w-0">
              <p class="px-3 pt-2 pb-1 text-xs text-soft" aria-hidden="true">
                {group.name}
              </p>
              <For each={group.entries}>
                {(entry) => {
                  const isCurrent = () => entries()[current()] === entry;
                  return (
                    // The keys are handled by the field, which keeps the focus.
                    <button
                      type="button"
                      id={idOf(entry)}
                      role="option"
                      tabindex="-1"
                      aria-selected={isCurrent()}
                      class="flex min-h-11 w-full items-center gap-3 text-left rounded-lg px-3 text-sm aria-selected:bg-sunk sm:min-h-10"
                      onPointerMove={() => setAt(entries().indexOf(entry))}
                      onPointerDown={(event) => event.preventDefault()}
                      onClick={() => void choose(entry)}
                    >
                      <entry.icon class="size-4 shrink-0 text-soft" aria-hidden="true" />
                      <span class="min-w-0 flex-1 wrap-anywhere">{entry.name}</span>
                      <Show when={entry.more}>
                        <span class="tabular hidden shrink-0 text-xs text-soft sm:inline">{entry.more}</span>
                      </Show>
                    </button>
                  );
                }}
              </For>
            </fieldset>
          )}
        </For>
      </div>
      <Show when={entries().length === 0}>
        <p class="px-3 py-4 text-sm text-soft">{w.nothing(typed())}</p>
      </Show>
      <p class="mt-3 hidden text-xs text-soft sm:block">{w.keys}</p>
    </Modal>
  );
}
