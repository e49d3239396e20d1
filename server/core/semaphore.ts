import { cancelled } from './errors.ts';

/**
 * Runs work under a semaphore, first come first served. A caller that finds no free slot waits; without a signal its
 * wait cannot be cancelled.
 */
export type Semaphore = <Result>(signal: AbortSignal | null, work: () => Promise<Result>) => Promise<Result>;

/**
 * Returns a semaphore that lets `count` pieces of work run together. A waiting caller that is cancelled rejects with
 * CANCELLED; work that has begun handles its own signal. With `line`, a caller that would wait behind `longest` others
 * is rejected immediately with what `full` makes.
 */
export function createSemaphore(count: number, queue?: { longest: number; full: () => Error }): Semaphore {
  const waiting: (() => void)[] = [];
  let free = count;

  const slot = (signal: AbortSignal | null) =>
    new Promise<void>((resolve, reject) => {
      if (queue && waiting.length >= queue.longest) return reject(queue.full());
      const acquire = () => {
        signal?.removeEventListener('abort', giveUp);
        resolve();
      };
      const giveUp = () => {
        waiting.splice(waiting.indexOf(acquire), 1);
        reject(cancelled('Waiting for a free slot'));
      };
      signal?.addEventListener('abort', giveUp, { once: true });
      waiting.push(acquire);
    });

  return async function withSlot(signal, work) {
    if (signal?.aborted) throw cancelled('Waiting for a free slot');
    if (free > 0) free -= 1;
    else await slot(signal);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
