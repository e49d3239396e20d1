import type { Log } from '../core/log.ts';
import type { Caller } from '../security/caller.ts';

/** Sets how long a request, and its connection after it, may be silent. */
export interface ConnectionTimeout {
  disableTimeout(): void;
  /** Restores the usual timeout, that of an anonymous caller. */
  restoreTimeout(): void;
  /** Returns true until the response was sent or its receiver has gone. */
  isOpen(): boolean;
  /** Ends the connection within seconds if it is silent, or sends a file without TLS. */
  cut(): void;
  readonly encrypted: boolean;
}

/**
 * Facts about a request that are known before any route sees it (Hono variables). Each line of its log carries the
 * request's id.
 */
export interface AppEnv {
  Variables: { caller: Caller; requestId: string; log: Log; connection: ConnectionTimeout };
}

/** Context of a procedure, shared by all calls of a batch. */
export interface ApiContext {
  caller: Caller;
  requestId: string;
  log: Log;
  userAgent: string;
  /** Headers of the response, for cookies. */
  resHeaders: Headers;
}

/**
 * Details of an attempt's audit row, besides caller, action and outcome. A procedure fills them in as it learns them.
 */
export interface AuditNote {
  /** A backup's file name, a token's id, an e-mail address. */
  target?: string;
  operationId?: string;
  /** Without secrets. */
  details?: Record<string, unknown>;
  /** The caller's name, once known, for an attempt that begins as an anonymous caller's. */
  actor?: string;
}
