import { onCleanup, onMount } from 'solid-js';

const KEY = 'palace-slash';
const MAC = /Mac|iP/.test(navigator.platform);

/** The keys that open the list of places and actions: as they are written on keys, and as `aria-keyshortcuts` has them. */
export const PALETTE_KEYS = MAC ? { shown: '⌘K', aria: 'Meta+K' } : { shown: 'Ctrl K', aria: 'Control+K' };

/** Whether `/` leads to the search. Who speaks to a computer presses single keys without meaning to, and can switch it off. */
export function slashIsOn(): boolean {
  try {
    return localStorage.getItem(KEY) === null;
  } catch {
    return true;
  }
}

/** Keeps for the next visit, too, whether `/` leads to the search. */
export function switchSlash(on: boolean): void {
  try {
    if (on) localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, 'off');
  } catch {
    // A browser that keeps nothing cannot keep this either.
  }
}

/** Opens the list by its keys, and leads to the page's own search by `/`: not while somebody types, nor while something stands over the page. */
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

/** A box to tick, a button or a choice among a few takes no text. */
function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(target.type);
}
