import type { ProcessLog } from '../core/log.ts';
import type { Caller } from '../security/caller.ts';
import type { Client } from './address.ts';

/** The connection a request came over; the listener hands it to the app. */
export interface Connection {
  /** The other end's address. */
  peer: string | null;
  encrypted: boolean;
  /** Lets this request be silent for as long as it needs. */
  waitForEver(): void;
  /** From now on it is cut when it is silent, like any other. */
  waitAsUsual(): void;
}

/** Says how long a request, and its connection after it, may be silent: a stranger's is cut. */
type Patience = Pick<Connection, 'waitForEver' | 'waitAsUsual'>;

/** What every handler finds in its Hono context. */
export interface AppEnv {
  Bindings: Connection;
  Variables: {
    requestId: string;
    client: Client;
    /** Nobody, until the guards of `/trpc` and `/api` know better. */
    caller: Caller;
    patience: Patience;
    /** Says the request's id in every line. */
    log: ProcessLog;
  };
}
