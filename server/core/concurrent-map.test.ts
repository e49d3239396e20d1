import { expect, test } from 'bun:test';
import { forEachConcurrent } from './concurrent-map.ts';

test('forEachConcurrent() does the work for every item once, in their order, and no more at once than it may', async () => {
  const begun: string[] = [];
  let [running, most] = [0, 0];
  await forEachConcurrent(3, ['a', 'b', 'c', 'd', 'e', 'f', 'g'], async (item, index) => {
    begun.push(`${item}${index}`);
    most = Math.max(most, ++running);
    await new Promise(setImmediate);
    running -= 1;
  });
  expect(begun).toEqual(['a0', 'b1', 'c2', 'd3', 'e4', 'f5', 'g6']);
  expect(most).toBe(3);
});

test('forEachConcurrent() rejects with the failure of one, and has nothing to do where there is nothing', async () => {
  const failing = forEachConcurrent(2, [1, 2, 3], async (item) => {
    if (item === 2) throw new Error('two');
  });
  expect(await failing.catch(String)).toBe('Error: two');
  await forEachConcurrent(2, [], () => Promise.reject(new Error('nothing')));
});
