import { type Component, lazy } from 'solid-js';
import { onReconnect, recordConnection } from './connection.ts';

const RELOADED = 'palace-reloaded';

let navigationTarget: string | null = null;

/** Records the address being navigated to while its code loads; null once the navigation has ended. */
export function setNavigationTarget(address: string | null): void {
  navigationTarget = address;
}

/**
 * Loads a part of the panel on demand, waiting while the server does not answer. If the server answers without it, the page is reloaded
 * once: a newer panel was deployed, or the browser remembers the failure.
 */
export function lazyWithRetry<Props extends Record<string, unknown>>(load: () => Promise<Component<Props>>) {
  return lazy(async () => ({ default: await loadWithRetry(load) }));
}

async function loadWithRetry<Part>(load: () => Promise<Part>): Promise<Part> {
  for (let missing = false; ; ) {
    try {
      const part = await load();
      sessionStorage.removeItem(RELOADED);
      return part;
    } catch (error) {
      const answer = await fetch('/healthz', { cache: 'no-store' }).catch(() => null);
      if (!answer?.ok) {
        await reconnected();
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
  if (navigationTarget === null) location.reload();
  else location.assign(navigationTarget);
}

function reconnected(): Promise<void> {
  return new Promise((resolve) => {
    const unsubscribe = onReconnect(() => {
      unsubscribe();
      resolve();
    });
    recordConnection(false);
  });
}
