import { onCleanup, onMount } from 'solid-js';

const KEY = 'palace-slash';
const MAC = /Mac|iP/.test(navigator.platform);

/** The keys that open the command palette: as labelled on keyboards, and as `aria-keyshortcuts` needs them. */
export const PALETTE_KEYS = MAC ? { shown: '⌘K', aria: 'Meta+K' } : { shown: 'Ctrl K', aria: 'Control+K' };

/** Returns whether `/` leads to the search. It can be switched off, because speech input presses single keys unintentionally. */
export function slashIsOn(): boolean {
  try {
    return localStorage.getItem(KEY) === null;
  } catch {
    return true;
  }
}

/** Stores whether `/` leads to the search, for the next visit, too. */
export function switchSlash(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, 'off');
  } catch {
    // A browser without storage cannot keep this setting.
  }
}

/**
 * Opens the command palette by its keys, and moves the focus to the page's search by `/`. Does nothing while somebody types, or while a
 * dialog or menu is open.
 */
export function useShortcuts(openPalette: () => void): void {
  const press = (event: KeyboardEvent) => {
    if (event.defaultPrevented || event.isComposing || event.shiftKey || event.altKey) return;
    const held = MAC ? event.metaKey && !event.ctrlKey : event.ctrlKey && !event.metaKey;
    const isSlash = event.key === '/' && !event.ctrlKey && !event.metaKey && slashIsOn();
    const isPalette = event.key.toLowerCase() === 'k' && held;
    if (!(isSlash || isPalette) || isTyping(event.target) || document.querySelector('[role=dialog],[role=menu]'))
      return;
    event.preventDefault();
    const search = isSlash ? document.querySelector<HTMLInputElement>('main input[type=search]') : null;
    if (!search) return openPalette();
    search.focus();
    search.select();
  };
  onMount(() => {
    document.addEventListener('keydown', press);
    onCleanup(() => document.removeEventListener('keydown', press));
  });
}

/** Returns whether an element takes text; checkboxes, radio buttons, buttons and file fields do not. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(target.type);
}
