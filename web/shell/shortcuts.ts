import { useIsRouting } from '@solidjs/router';
import { createEffect, createSignal, onCleanup, onMount } from 'solid-js';
import { captureTyping, takeCapturedText, takesText } from '../lib/input/capture-typing.ts';

const KEY = 'palace-slash';
const MAC = /Mac|iP/.test(navigator.platform);

/** The keys that open the command palette: as labelled on keyboards, and as `aria-keyshortcuts` needs them. */
export const PALETTE_KEYS = MAC ? { shown: '⌘K', aria: 'Meta+K' } : { shown: 'Ctrl K', aria: 'Control+K' };

/** Returns whether `/` leads to the search. It can be switched off, because speech input presses single keys unintentionally. */
export function isSlashEnabled(): boolean {
  try {
    return localStorage.getItem(KEY) === null;
  } catch {
    return true;
  }
}

/** Stores whether `/` leads to the search, for the next visit, too. */
export function setSlashEnabled(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, 'off');
  } catch {
    // A browser without storage cannot keep this setting.
  }
}

/**
 * Opens the command palette by its keys, and moves the focus to the page's search by `/`. Does nothing while somebody types, or while a
 * dialog or menu is open. What is typed before the field is there is kept for it.
 */
export function useShortcuts(openPalette: (typed: string) => void): void {
  const isRouting = useIsRouting();
  const [isWanted, setWanted] = createSignal(false);
  const search = () => document.querySelector<HTMLInputElement>('main input[type=search]');
  // The field in sight goes with its page; one that is not in sight may come with what is loading.
  const isOnItsWay = () => isRouting() || (search() === null && document.querySelector('main .skeleton') !== null);
  const toSearch = (typed: string) => {
    const field = search();
    if (!field) return openPalette(typed);
    field.focus();
    field.select();
    if (typed === '') return;
    field.value = typed;
    field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  };
  createEffect(() => {
    if (!isWanted()) return;
    const look = () => {
      if (isOnItsWay()) return;
      setWanted(false);
      toSearch(takeCapturedText());
    };
    const observer = new MutationObserver(look);
    observer.observe(document.body, { childList: true, subtree: true });
    onCleanup(() => observer.disconnect());
    look();
  });
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || event.shiftKey || event.altKey) return;
    const held = MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    const isSlash = event.key === '/' && !event.ctrlKey && !event.metaKey && isSlashEnabled();
    const isPalette = event.key.toLowerCase() === 'k' && held;
    if (!(isSlash || isPalette) || takesText(event.target) || document.querySelector('[role=dialog],[role=menu]'))
      return;
    event.preventDefault();
    if (isPalette) return openPalette('');
    if (!isOnItsWay()) return toSearch('');
    captureTyping(() => setWanted(false));
    setWanted(true);
  };
  onMount(() => {
    document.addEventListener('keydown', press);
    onCleanup(() => document.removeEventListener('keydown', press));
  });
}
