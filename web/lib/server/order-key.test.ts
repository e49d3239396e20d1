import { expect, test } from 'bun:test';
import { made } from './failure.ts';
import { createOrderKey } from './order-key.ts';

function counting() {
  let made = 0;
  return () => `key ${++made}`;
}

test('an order whose answer was lost is sent again under the same key', () => {
  const key = createOrderKey(counting());
  const first = key.current;
  key.failed(made('CONNECTION_LOST', 'The server does not answer.'));
  expect(key.current).toBe(first);
});

test('an order the server has refused, and the one after, get a key of their own', () => {
  const key = createOrderKey(counting());
  const seen = [key.current];
  key.failed(made('STEP_UP_REQUIRED', 'This needs your password once more.'));
  seen.push(key.current);
  key.renew();
  seen.push(key.current);
  expect(new Set(seen).size).toBe(3);
});

test('an order counts as lost until it is answered or another one is meant', () => {
  const key = createOrderKey(counting());
  const told = [key.isLost];
  key.failed(made('CONNECTION_LOST', 'The server does not answer.'));
  told.push(key.isLost);
  key.failed(made('INPUT_INVALID', 'This idempotency key was used for another backup.'));
  told.push(key.isLost);
  key.failed(made('CONNECTION_LOST', 'The server does not answer.'));
  key.renew();
  told.push(key.isLost);
  expect(told).toEqual([false, true, false, false]);
});
