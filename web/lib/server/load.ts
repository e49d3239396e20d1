import { type Component, lazy } from 'solid-js';
import { connectionSeen, onComeback } from './connection.ts';

const RELOADED = 'palace-reloaded';

let goal: string | null = null;

/** Notes the address somebody is on the way to, while its part is loaded; null once they have come somewhere. */
export function headFor(address: string | null): void {
  goal = address;
}

/**
 * A part of the panel that is loaded when it is needed. While the server does not answer it waits for it; when the server answers and the
 * part is not there, a newer panel has been put up or the browser remembers the failure, and the page is loaded again, once.
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
      // It may just have come back: what is missing once more is gone.
      if (missing) reloadOnce(error);
      missing = true;
    }
  }
}

function reloadOnce(error: unknown): void {
  if (sessionStorage.getItem(RELOADED) !== null) throw error;
  sessionStorage.setItem(RELOADED, 'yes');
  // A browser keeps a part that once failed to load as failed until the page is loaded anew; the address still shows where one came from.
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
