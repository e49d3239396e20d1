import { failureOf } from './failure.ts';

/**
 * The idempotency key of an order. An order whose answer was lost may have been carried out: sent again, it must bear the same key, so that
 * it is done once. What the server has answered, and the next order, get a new one.
 */
export function createOrderKey(random: () => string = () => crypto.randomUUID()) {
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
    /** The last answer was lost: nobody knows whether the order was carried out. */
    get isLost() {
      return lost;
    },
    renew,
    /** To be told what the order failed with. */
    failed(error: unknown) {
      lost = failureOf(error).code === 'CONNECTION_LOST';
      if (!lost) renew();
    },
  };
}
