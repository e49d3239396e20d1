/** Where the program says what it does: facts first, then a short sentence that is the same each time. pino's methods fit. Never given secrets. */
export interface Log {
  info(facts: object, message: string): void;
  warn(facts: object, message: string): void;
  error(facts: object, message: string): void;
}

/** The log of a whole process. */
export interface ProcessLog extends Log {
  debug(facts: object, message: string): void;
  /** Returns a log that says these facts in every line. */
  child(facts: Record<string, unknown>): ProcessLog;
}
