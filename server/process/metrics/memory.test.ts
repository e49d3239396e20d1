import { expect, test } from 'bun:test';
import { guardMemory, machineMemory, memoryLimit, residentBytes, watchMemory } from './memory.ts';

const GIBIBYTE = 1024 ** 3;

test('the ceiling is what the setting says, else a share of the machine between what work needs and what is enough', () => {
  expect(memoryLimit(300, 'worker', GIBIBYTE)).toBe(300 * 1024 ** 2);
  expect([1, 8, 64].map((size) => memoryLimit(null, 'answering', size * GIBIBYTE) / GIBIBYTE)).toEqual([0.5, 2, 4]);
  expect([1, 10, 64].map((size) => memoryLimit(null, 'worker', size * GIBIBYTE) / GIBIBYTE)).toEqual([1, 6, 16]);
  expect(machineMemory()).toBeGreaterThan(0);
});

test('the memory of a process is read, its own and another one, and nothing of one that is gone', async () => {
  expect(residentBytes(process.pid)).toBeGreaterThan(10 * 1024 ** 2);
  const child = Bun.spawn(['sleep', '60']);
  // It has no memory yet while its program is being loaded.
  while (residentBytes(child.pid) === 0) await Bun.sleep(5);
  child.kill();
  await child.exited;
  expect(residentBytes(child.pid)).toBe(0);
});

test('watchMemory() tells of a process that is past its ceiling, and of no other', async () => {
  const told = Promise.withResolvers<number>();
  const fine: number[] = [];
  using _small = watchMemory(process.pid, 1, told.resolve);
  using _large = watchMemory(process.pid, Number.MAX_SAFE_INTEGER, (bytes) => void fine.push(bytes));
  expect(await told.promise).toBeGreaterThan(1);
  expect(fine).toEqual([]);
});

test('guardMemory() refuses what is large while the process is past its ceiling', async () => {
  const past = Promise.withResolvers<void>();
  using small = guardMemory(1, () => past.resolve());
  using large = guardMemory(Number.MAX_SAFE_INTEGER, () => undefined);
  expect(small.refusal()).toBeNull();
  await past.promise;
  expect(small.refusal()).toMatchObject({ code: 'MEMORY_LIMIT', hint: expect.stringContaining('MEMORY_LIMIT_MB') });
  expect(large.refusal()).toBeNull();
});
