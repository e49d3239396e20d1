import { expect, test } from 'bun:test';
import { Mutex, withMutex } from './mutex.ts';

test('Mutex runs one piece of work at a time, in order, and a failure stops nobody else', async () => {
  const mutex = new Mutex();
  const seen: string[] = [];
  const work = (name: string, fails = false) =>
    mutex.run(async () => {
      seen.push(`${name} begins`);
      await Bun.sleep(1);
      seen.push(`${name} ends`);
      if (fails) throw new Error(name);
      return name;
    });
  const results = await Promise.allSettled([work('one'), work('two', true), work('three')]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(seen).toEqual(['one', 'two', 'three'].flatMap((name) => [`${name} begins`, `${name} ends`]));
});

test('Mutex.idle() waits for all that was asked for, and for nothing where there is nothing', async () => {
  const mutex = new Mutex();
  await mutex.idle();
  let ended = false;
  mutex
    .run(async () => {
      await Bun.sleep(1);
      ended = true;
      throw new Error('failed');
    })
    .catch(() => undefined);
  await mutex.idle();
  expect(ended).toBe(true);
});

test('withMutex() keeps apart what has one owner and one name, and nothing else', async () => {
  const [one, other] = [{}, {}];
  const held = Promise.withResolvers<void>();
  const first = withMutex(one, 'a', () => held.promise);
  let second = false;
  const waiting = withMutex(one, 'a', async () => {
    second = true;
  });
  await withMutex(one, 'b', async () => undefined);
  await withMutex(other, 'a', async () => undefined);
  expect(second).toBe(false);
  held.resolve();
  await Promise.all([first, waiting]);
  expect(second).toBe(true);
});
