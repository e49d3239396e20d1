/** A log: facts first, then a short sentence that is the same each time; never secrets. pino's methods fit. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** The log of a whole process. */
export interface ProcessLog extends Log {
  debug(facts: object, message: string): void;
  /** Returns a log that adds these facts to every line. */
  child(facts: Record<string, unknown>): ProcessLog;
}
