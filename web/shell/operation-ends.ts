import { type Accessor, createEffect, onCleanup } from 'solid-js';
import type { Operation } from '../api.ts';
import { isIncomplete, textsIn } from '../lib/operations.ts';

/**
 * Returns whether a line is enough for the end of an operation: it succeeded, and nothing needs attention. A restore's result always does.
 */
export function endsInALine(operation: Operation): boolean {
  return (
    operation.state === 'succeeded' &&
    operation.kind !== 'restore' &&
    !isIncomplete(operation) &&
    textsIn(operation.result, 'warnings').length === 0
  );
}

const tellers = new Set<{ id: string; lines: boolean }>();

/** Registers this part of the page as the one that shows how an operation ends. `lines`: also when a line is enough. */
export function tellEndHere(id: Accessor<string>, lines: Accessor<boolean>): void {
  createEffect(() => {
    const teller = { id: id(), lines: lines() };
    tellers.add(teller);
    onCleanup(() => tellers.delete(teller));
  });
}

/** Returns whether the page itself shows how this operation ended. */
export function isToldOnPage(operation: Operation): boolean {
  return [...tellers].some(({ id, lines }) => id === operation.id && (lines || !endsInALine(operation)));
}
