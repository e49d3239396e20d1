import { failureOf } from './failure.ts';

/**
 * The idempotency key of an order. An order whose answer was lost may have been carried out: sent again, it must bear the same key, so that
 * it is done once. What the server has answered, and the next order, get a new one.
 */
export function createOrderKey(random: () => string = () => crypto.randomUUID()) {
  let key = random();
  const renew = () => {
    key = random();
  };
  return {
    get current() {
      return key;
    },
    renew,
    /** To be told what the order failed with. */
    failed(error: unknown) {
      if (failureOf(error).code !== 'CONNECTION_LOST') renew();
    },
  };
}
