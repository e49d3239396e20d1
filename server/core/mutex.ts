const lasts = new WeakMap<object, Map<string, Promise<unknown>>>();

/**
 * Changes to the notes beside one archive wait for each other, whoever in this process makes them: each reads them and writes them whole,
 * so that of two at once one would be lost, a pin perhaps. Other processes are not waited for.
 */
export function withMutex<Result>(owner: object, name: string, change: () => Promise<Result>): Promise<Result> {
  const turns = lasts.get(owner) ?? new Map<string, Promise<unknown>>();
  lasts.set(owner, turns);
  const before = turns.get(name) ?? Promise.resolve();
  const mine = before.catch(() => undefined).then(change);
  turns.set(name, mine);
  const forget = () => {
    if (turns.get(name) === mine) turns.delete(name);
  };
  mine.then(forget, forget);
  return mine;
}
