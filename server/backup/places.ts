import { cancelled } from '../errors.ts';

/** Runs work in one of a few places; who finds none free waits for his turn, first come first served. */
export type InPlace = <Result>(signal: AbortSignal, work: () => Promise<Result>) => Promise<Result>;

/** So many works at once, and no more. Who waits and is cancelled leaves the line with CANCELLED; work that has begun sees to its own signal. */
export function createPlaces(count: number): InPlace {
  const line: (() => void)[] = [];
  let free = count;

  const turn = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const enter = () => {
        signal.removeEventListener('abort', leave);
        resolve();
      };
      const leave = () => {
        line.splice(line.indexOf(enter), 1);
        reject(cancelled('Waiting for a turn'));
      };
      signal.addEventListener('abort', leave, { once: true });
      line.push(enter);
    });

  return async function inPlace(signal, work) {
    if (signal.aborted) throw cancelled('Waiting for a turn');
    if (free > 0) free -= 1;
    else await turn(signal);
    try {
      return await work();
    } finally {
      const next = line.shift();
      if (next) next();
      else free += 1;
    }
  };
}
