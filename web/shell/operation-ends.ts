import { type Accessor, createEffect, onCleanup } from 'solid-js';
import type { Operation } from '../api.ts';
import { isIncomplete, textsIn } from '../lib/operations.ts';

/** Whether the end of an operation is told in a line: it went well, and nothing about it needs to be looked at. What a restore did does. */
export function endsInALine(operation: Operation): boolean {
  return (
    operation.state === 'succeeded' &&
    operation.kind !== 'restore' &&
    !isIncomplete(operation) &&
    textsIn(operation.result, 'warnings').length === 0
  );
}

const tellers = new Set<{ id: string; lines: boolean }>();

/** Says that this part of the page tells how an operation ends. `lines`: also where a line is enough. */
export function tellEndHere(id: Accessor<string>, lines: Accessor<boolean>): void {
  createEffect(() => {
    const teller = { id: id(), lines: lines() };
    tellers.add(teller);
    onCleanup(() => tellers.delete(teller));
  });
}

/** Whether the page itself tells how this operation ended. */
export function isToldOnPage(operation: Operation): boolean {
  return [...tellers].some(({ id, lines }) => id === operation.id && (lines || !endsInALine(operation)));
}
