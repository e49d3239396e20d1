import { failureOf } from './failure.ts';

/**
 * Creates the idempotency key of an order. It stays the same after a lost answer, because the order may have been carried out: sent again,
 * it is done once. An answered order, and the next one, get a new key.
 */
export function createIdempotencyKey(random: () => string = () => crypto.randomUUID()) {
  let key = random();
  let lost = false;
  const renew = () => {
    key = random();
    lost = false;
  };
  return {
    get current() {
      return key;
    },
    /** True when the last answer was lost: nobody knows whether the order was carried out. */
    get isLost() {
      return lost;
    },
    renew,
    /** Call with the error of a failed order. Keeps the key when the answer was lost, and renews it otherwise. */
    failed(error: unknown) {
      lost = failureOf(error).code === 'CONNECTION_LOST';
      if (!lost) renew();
    },
  };
}
