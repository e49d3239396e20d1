import { expect, test } from 'bun:test';
import { codeOf } from '../../db/testing/code-of.fixture.ts';
import { createSemaphore } from './semaphore.ts';

const forever = new AbortController().signal;

/** Returns work that ends on command. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const state = { began: false, end: resolve, fail: reject };
  const work = () => {
    state.began = true;
    return promise;
  };
  return Object.assign(state, { work });
}

test('createSemaphore() runs no more at once than there are places, and the rest in the order they came', async () => {
  const semaphore = createSemaphore(2);
  const works = [held(), held(), held(), held()];
  const ends = works.map(({ work }) => semaphore(forever, work));
  const began = () => works.map((work) => work.began);
  expect(began()).toEqual([true, true, false, false]);
  works[1]?.end('second');
  await ends[1];
  expect(began()).toEqual([true, true, true, false]);
  works[0]?.fail(new Error('no good'));
  expect(await ends[0]?.catch(String)).toBe('Error: no good');
  expect(began()).toEqual([true, true, true, true]);
  works[2]?.end('third');
  works[3]?.end('fourth');
  expect(await Promise.all(ends.slice(1))).toEqual(['second', 'third', 'fourth']);
});

test('createSemaphore() lets who is cancelled leave the line, and the place goes to the next', async () => {
  const semaphore = createSemaphore(1);
  const [first, second, third] = [held(), held(), held()];
  const gone = new AbortController();
  const one = semaphore(forever, first.work);
  const two = codeOf(semaphore(gone.signal, second.work));
  const three = semaphore(forever, third.work);
  gone.abort();
  expect(await two).toBe('CANCELLED');
  first.end('first');
  third.end('third');
  expect(await Promise.all([one, three])).toEqual(['first', 'third']);
  expect(second.began).toBe(false);
  expect(await codeOf(semaphore(gone.signal, held().work))).toBe('CANCELLED');
  expect(await semaphore(forever, async () => 'free again')).toBe('free again');
});

test('createSemaphore() refuses at once who would wait behind too many, and nobody else', async () => {
  const semaphore = createSemaphore(1, { longest: 1, full: () => new Error('full') });
  const [first, second, third] = [held(), held(), held()];
  const one = semaphore(null, first.work);
  const two = semaphore(null, second.work);
  expect(await semaphore(null, third.work).catch(String)).toBe('Error: full');
  first.end('first');
  second.end('second');
  expect(await Promise.all([one, two])).toEqual(['first', 'second']);
  expect(third.began).toBe(false);
});
