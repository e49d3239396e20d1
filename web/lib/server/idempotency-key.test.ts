import { expect, test } from 'bun:test';
import { panelFailure } from './failure.ts';
import { createIdempotencyKey } from './idempotency-key.ts';

function counting() {
  let made = 0;
  return () => `key ${++made}`;
}

test('an order whose answer was lost is sent again under the same key', () => {
  const key = createIdempotencyKey(counting());
  const first = key.current;
  key.failed(panelFailure('CONNECTION_LOST', 'The server does not answer.'));
  expect(key.current).toBe(first);
});

test('an order the server has refused, and the one after, get a key of their own', () => {
  const key = createIdempotencyKey(counting());
  const seen = [key.current];
  key.failed(panelFailure('STEP_UP_REQUIRED', 'This needs your password once more.'));
  seen.push(key.current);
  key.renew();
  seen.push(key.current);
  expect(new Set(seen).size).toBe(3);
});

test('an order counts as lost until it is answered or another one is meant', () => {
  const key = createIdempotencyKey(counting());
  const told = [key.isLost];
  key.failed(panelFailure('CONNECTION_LOST', 'The server does not answer.'));
  told.push(key.isLost);
  key.failed(panelFailure('INPUT_INVALID', 'This idempotency key was used for another backup.'));
  told.push(key.isLost);
  key.failed(panelFailure('CONNECTION_LOST', 'The server does not answer.'));
  key.renew();
  told.push(key.isLost);
  expect(told).toEqual([false, true, false, false]);
});
