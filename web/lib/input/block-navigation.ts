import { type BeforeLeaveEventArgs, useBeforeLeave } from '@solidjs/router';
import { createEffect, onCleanup } from 'solid-js';

/**
 * Blocks links and Back while `blocked` is true; the browser asks before it closes or reloads the page. `onBlocked` gets the blocked navigation
 * and may let it happen with `retry(true)`.
 */
export function blockNavigation(blocked: () => boolean, onBlocked?: (event: BeforeLeaveEventArgs) => void): void {
  useBeforeLeave((event) => {
    if (!blocked()) return;
    event.preventDefault();
    onBlocked?.(event);
  });
  createEffect(() => {
    if (!blocked()) return;
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', onUnload);
    onCleanup(() => window.removeEventListener('beforeunload', onUnload));
  });
}
