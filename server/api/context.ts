import type { Log } from '../core/log.ts';
import type { Caller } from '../security/caller.ts';

/** Says how long a request, and its connection after it, may be silent. */
export interface Patience {
  waitForEver(): void;
  /** Like a stranger, who is cut. */
  waitAsUsual(): void;
}

/** What the app has found out about a request before any route sees it (Hono variables). Each line of its log carries the request's id. */
export interface AppEnv {
  Variables: { caller: Caller; requestId: string; log: Log; patience: Patience };
}

/** What every procedure gets. One for all calls of a batch. */
export interface ApiContext {
  caller: Caller;
  requestId: string;
  log: Log;
  userAgent: string;
  /** Headers of the answer: the place for cookies. */
  resHeaders: Headers;
}

/** What an attempt's audit row says beyond who, what and how it ended. A procedure fills it in as it learns. */
export interface AuditNote {
  /** A backup's file name, a token's id, an e-mail address. */
  target?: string;
  operationId?: string;
  /** Without secrets. */
  details?: Record<string, unknown>;
  /** Who it turned out to be, for an attempt that begins as nobody's. */
  actor?: string;
}
