import { createSignal } from 'solid-js';

export type Theme = 'system' | 'light' | 'dark';

/** The same key as in `public/theme.js`, which reads it before the first paint. */
const KEY = 'palace-theme';

const [theme, setTheme] = createSignal<Theme>(chosenTheme());

export { theme };

/** Applies a theme, now and on the next visit. */
export function chooseTheme(next: Theme): void {
  setTheme(next);
  if (next === 'system') delete document.documentElement.dataset['theme'];
  else document.documentElement.dataset['theme'] = next;
  try {
    if (next === 'system') localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // A browser without storage forgets the choice, as it was told to.
  }
}

function chosenTheme(): Theme {
  const shown = document.documentElement.dataset['theme'];
  return shown === 'light' || shown === 'dark' ? shown : 'system';
}
