import { type BeforeLeaveEventArgs, useBeforeLeave } from '@solidjs/router';
import { createEffect, onCleanup } from 'solid-js';

/**
 * While `held` says so, neither a link nor the browser's Back leaves the page, and the browser asks before it closes or loads it again.
 * `onLeave` is told where one wanted to go, and may let it happen after all with `retry(true)`.
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
