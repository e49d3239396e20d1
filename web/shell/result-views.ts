import { type Accessor, createEffect, createSignal, onCleanup, untrack } from 'solid-js';
import type { Operation } from '../api.ts';
import { isIncomplete, textListField } from '../lib/operations/operation.ts';

/**
 * Returns whether a toast is enough for the end of an operation: it succeeded, and nothing needs attention. A restore's result always does.
 */
export function isToastEnough(operation: Operation): boolean {
  return (
    operation.state === 'succeeded' &&
    operation.kind !== 'restore' &&
    !isIncomplete(operation) &&
    textListField(operation.result, 'warnings').length === 0
  );
}

interface ResultView {
  id: string;
  /** Whether it shows the end also when a toast is enough. */
  routine: boolean;
  /** Whether it shows the progress too, so that no card is needed. */
  progress: boolean;
}

const [resultViews, setResultViews] = createSignal<readonly ResultView[]>([]);

/** Registers this part of the page as the one that shows how an operation ends. */
export function registerResultView(of: Accessor<ResultView>): void {
  createEffect(() => {
    const view = of();
    setResultViews((all) => [...all, view]);
    onCleanup(() => setResultViews((all) => all.filter((one) => one !== view)));
  });
}

/** Returns whether the page itself shows how this operation ended. */
export function isShownOnPage(operation: Operation): boolean {
  return untrack(resultViews).some(({ id, routine }) => id === operation.id && (routine || !isToastEnough(operation)));
}

/** Returns whether a part of the page is there for this operation alone, and shows its progress and its end. */
export function hasOwnView({ id }: Operation): boolean {
  return resultViews().some((view) => view.id === id && view.routine && view.progress);
}
