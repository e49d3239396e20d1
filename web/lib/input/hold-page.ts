import { type BeforeLeaveEventArgs, useBeforeLeave } from '@solidjs/router';
import { createEffect, onCleanup } from 'solid-js';

/**
 * Blocks links and Back while `held` is true; the browser asks before it closes or reloads the page. `onLeave` gets the blocked navigation
 * and may let it happen with `retry(true)`.
 */
export function holdPage(held: () => boolean, onLeave?: (event: BeforeLeaveEventArgs) => void): void {
  useBeforeLeave((event) => {
    if (!held()) return;
    event.preventDefault();
    onLeave?.(event);
  });
  createEffect(() => {
    if (!held()) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', onUnload);
    onCleanup(() => window.removeEventListener('beforeunload', onUnload));
  });
}
