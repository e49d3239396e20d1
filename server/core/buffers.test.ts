import { describe, expect, test } from 'bun:test';
import { createBufferPool } from './buffers.ts';

describe('createBufferPool()', () => {
  test('lends as many buffers as it has, and lets the next wait for one given back', async () => {
    const pool = createBufferPool(2, 16);
    const first = await pool.acquire();
    await pool.acquire();
    const waiting = pool.acquire();
    expect(waiting).toBeInstanceOf(Promise);
    pool.release(first);
    expect(await waiting).toBe(first);
  });

  test('serves those who wait in the order they came', async () => {
    const pool = createBufferPool(1, 16);
    const only = await pool.acquire();
    const order: number[] = [];
    const waiters = [1, 2, 3].map(async (number) => {
      const buffer = await pool.acquire();
      order.push(number);
      pool.release(buffer);
    });
    pool.release(only);
    await Promise.all(waiters);
    expect(order).toEqual([1, 2, 3]);
  });

  test('makes a larger buffer for the occasion, which takes the place of a pooled one and is not kept', async () => {
    const pool = createBufferPool(1, 16);
    const large = await pool.acquire(1000);
    expect(large.length).toBe(1000);
    const waiting = pool.acquire();
    expect(waiting).toBeInstanceOf(Promise);
    pool.release(large);
    expect((await waiting).length).toBe(16);
  });

  test('gives a waiter the size it asked for', async () => {
    const pool = createBufferPool(1, 16);
    const small = await pool.acquire();
    const waiting = pool.acquire(100);
    pool.release(small);
    expect((await waiting).length).toBe(100);
  });

  test('lets every waiter and every later taker fail once it has failed, with the first error', async () => {
    const pool = createBufferPool(1, 16);
    await pool.acquire();
    const waiting = Promise.allSettled([pool.acquire(), pool.acquire()]);
    const reason = new Error('the disk is full');
    pool.fail(reason);
    pool.fail(new Error('a later one'));
    expect((await waiting).map((end) => end.status === 'rejected' && end.reason)).toEqual([reason, reason]);
    await expect(Promise.resolve(pool.acquire())).rejects.toBe(reason);
  });
});
