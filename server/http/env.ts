import type { ProcessLog } from '../core/log.ts';
import type { Caller } from '../security/caller.ts';
import type { Client } from './address.ts';

/** The connection of a request, handed to the app by the listener. */
export interface Connection {
  /** The other end's address. */
  peer: string | null;
  encrypted: boolean;
  /** Removes the timeout for this request. */
  disableTimeout(): void;
  /** Restores the usual timeout. */
  restoreTimeout(): void;
  /** Returns true until the response was sent or its receiver has gone. */
  isOpen(): boolean;
  /** Ends the connection within seconds if it is silent, or sends a file without TLS. */
  cut(): void;
}

/** Sets how long a request, and its connection after it, may be silent: an anonymous caller's is cut. */
type ConnectionTimeout = Omit<Connection, 'peer'>;

/** Bindings and variables of every handler's Hono context. */
export interface AppEnv {
  Bindings: Connection;
  Variables: {
    requestId: string;
    client: Client;
    /** Anonymous, until the guards of `/trpc` and `/api` have identified the caller. */
    caller: Caller;
    connection: ConnectionTimeout;
    /** Writes the request's id in every line. */
    log: ProcessLog;
  };
}
