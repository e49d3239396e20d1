/** The part of pino-roll that is used; it ships no types. */
declare module 'pino-roll' {
  import type { EventEmitter } from 'node:events';

  interface RollingFile extends EventEmitter {
    write(line: string): boolean;
    /** Writes what is buffered, then closes; emits `close`. */
    end(): void;
  }

  interface RollOptions {
    file: string;
    frequency: 'daily';
    size: string;
    dateFormat: string;
    limit: { count: number; removeOtherLogFiles: boolean };
    mode: number;
  }

  /** Opens today's file; emits `ready` or `error` afterwards. */
  function roll(options: RollOptions): Promise<RollingFile>;
  // biome-ignore lint/style/noDefaultExport: the package is made so
  export default roll;
}
