/** Lets one piece of work run at a time, in the order it was asked for. A failure is its own work's alone. */
export class Mutex {
  private tail: Promise<unknown> = Promise.resolve();

  /** Runs `work` after everything asked for before it, and resolves or rejects as it does. */
  run<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.tail.then(work);
    this.tail = mine.catch(() => undefined);
    return mine;
  }

  /** Resolves when everything asked for so far has ended, however it ended. */
  async idle(): Promise<void> {
    await this.tail;
  }
}

const named = new WeakMap<object, Map<string, { mutex: Mutex; users: number }>>();

/**
 * Runs `work` while nothing else of this process runs under the same owner and name. Other processes are not waited for.
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
