import type { Storage } from '../storage/storage.ts';

const lasts = new WeakMap<Storage, Map<string, Promise<unknown>>>();

/**
 * Changes to the notes beside one archive wait for each other, whoever in this process makes them: each reads them and writes them whole,
 * so that of two at once one would be lost, a pin perhaps. Other processes are not waited for.
 */
export function inTurn<Result>(storage: Storage, name: string, change: () => Promise<Result>): Promise<Result> {
  const turns = lasts.get(storage) ?? new Map<string, Promise<unknown>>();
  lasts.set(storage, turns);
  const before = turns.get(name) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(change);
  turns.set(name, mine);
  const forget = () => {
    if (turns.get(name) === mine) turns.delete(name);
  };
  mine.then(forget, forget);
  return mine;
}
