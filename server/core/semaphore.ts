import { cancelled } from './errors.ts';

/** Runs work in one of a few places; who finds none free waits for his turn, first come first served. Without a signal nobody leaves the line. */
export type Semaphore = <Result>(signal: AbortSignal | null, work: () => Promise<Result>) => Promise<Result>;

/**
 * So many works at once, and no more. Who waits and is cancelled leaves the line with CANCELLED; work that has begun sees to its own signal.
 * With `line`, whoever would wait behind so many others is refused at once with what `full` makes.
 */
export function createSemaphore(count: number, line?: { longest: number; full: () => Error }): Semaphore {
  const waiting: (() => void)[] = [];
  let free = count;

  const turn = (signal: AbortSignal | null) =>
    new Promise<void>((resolve, reject) => {
      if (line && waiting.length >= line.longest) return reject(line.full());
      const enter = () => {
        signal?.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        waiting.splice(waiting.indexOf(enter), 1);
        reject(cancelled('Waiting for a turn'));
      };
      signal?.addEventListener('abort', leave, { once: true });
      waiting.push(enter);
    });

  return async function inPlace(signal, work) {
    if (signal?.aborted) throw cancelled('Waiting for a turn');
    if (free > 0) free -= 1;
    else await turn(signal);
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    }
  };
}
