/** Runs one piece of work at a time, in the order of the calls. A failure does not affect the work that follows. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything requested before it, and resolves or rejects as it does. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves when everything requested so far has ended, whether it succeeded or failed. */
  async idle(): Promise<void> {
    await this.tail;
  }
}

const named = new WeakMap<object, Map<string, { mutex: Mutex; users: number }>>();

/**
 * Runs `work` while nothing else in this process runs under the same owner and name. Does not wait for other processes.
 */
export async function withMutex<Result>(owner: object, name: string, work: () => Promise<Result>): Promise<Result> {
  const mutexes = named.get(owner) ?? new Map<string, { mutex: Mutex; users: number }>();
  named.set(owner, mutexes);
  const entry = mutexes.get(name) ?? { mutex: new Mutex(), users: 0 };
  mutexes.set(name, entry);
  entry.users += 1;
  try {
    return await entry.mutex.run(work);
  } finally {
    entry.users -= 1;
    if (entry.users === 0) mutexes.delete(name);
  }
}
