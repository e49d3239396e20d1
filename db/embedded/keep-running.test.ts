import { expect, test } from 'bun:test';
import { AppError } from '../../server/core/errors.ts';
import { keepRunning } from './keep-running.ts';

const down = () => new AppError('DATABASE_UNREACHABLE', 'It does not start.');

/** Runs until the outcomes are used up; a pause costs no time. */
async function run(outcomes: (boolean | AppError)[]) {
  const stopper = new AbortController();
  const pauses: number[] = [];
  let revived = 0;
  const error = await keepRunning(
    {
      async revive() {
        const outcome = outcomes.shift();
        if (outcomes.length === 0) stopper.abort();
        if (outcome instanceof AppError) throw outcome;
        return outcome ?? false;
      },
    },
    {
      signal: stopper.signal,
      pause: async (ms) => {
        pauses.push(ms);
      },
      onRevived: () => revived++,
    },
  ).then(
    () => null,
    (failure: unknown) => failure,
  );
  return { pauses, revived, error };
}

test('a server that runs is only looked at', async () => {
  expect(await run([false, false, false])).toEqual({ pauses: [1000, 1000, 1000], revived: 0, error: null });
});

test('a server that ended is told of once when it runs again, and waited for longer after each failure', async () => {
  expect(await run([down(), down(), true, false])).toEqual({
    pauses: [1000, 2000, 4000, 1000],
    revived: 1,
    error: null,
  });
});

test('after five failures in a row the last one is thrown', async () => {
  const last = down();
  expect((await run([down(), down(), down(), down(), last, true])).error).toBe(last);
});
