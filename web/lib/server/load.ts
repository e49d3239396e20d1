import { type Component, lazy } from 'solid-js';
import { connectionSeen, onComeback } from './connection.ts';

const RELOADED = 'palace-reloaded';

let goal: string | null = null;

/** Records the address being navigated to while its code loads; null once the navigation has ended. */
export function headFor(address: string | null): void {
  goal = address;
}

/**
 * Loads a part of the panel on demand, waiting while the server does not answer. If the server answers without it, the page is reloaded
 * once: a newer panel was deployed, or the browser remembers the failure.
 */
export function later<Props extends Record<string, unknown>>(load: () => Promise<Component<Props>>) {
  return lazy(async () => ({ default: await patiently(load) }));
}

async function patiently<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let missing = false; ; ) {
    try {
      const part = await load();
      sessionStorage.removeItem(RELOADED);
      return part;
    } catch (error) {
      const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
      if (!answer?.ok) {
        await comeback();
        continue;
      }
      // The server may just have come back; a second miss means that the file is gone.
      if (missing) reloadOnce(error);
      missing = true;
    }
  }
}

function reloadOnce(error: unknown): void {
  if (sessionStorage.getItem(RELOADED) !== null) throw error;
  sessionStorage.setItem(RELOADED, 'yes');
  // A browser remembers a failed module until the page is reloaded; the address bar still shows the page one came from.
  if (goal === null) location.reload();
  else location.assign(goal);
}

function comeback(): Promise<void> {
  return new Promise((resolve) => {
    const forget = onComeback(() => {
      forget();
      resolve();
    });
    connectionSeen(false);
  });
}
