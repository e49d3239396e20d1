/** Types of the part of autocannon that is used; it ships none. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  interface Options {
    url: string;
    connections: number;
    /** Duration in seconds. */
    duration: number;
    /** Requests per second over all connections; each sends its share at the beginning of a second. */
    overallRate: number;
    /** True to report latencies as they were measured. */
    ignoreCoordinatedOmission: boolean;
    /** Milliseconds between two checks whether to stop. */
    sampleInt: number;
    /** Requests that each connection sends in rotation. */
    requests: { headers: Record<string, string> }[];
  }

  interface Outcome {
    /** Number of failed connections, timeouts included. */
    errors: number;
    non2xx: number;
  }

  interface Run extends EventEmitter, PromiseLike<Outcome> {
    on(
      event: 'response',
      listener: (client: object, status: number, bytes: number, milliseconds: number) => void,
    ): this;
    stop(): void;
  }

  /** Starts at once. */
  function autocannon(options: Options): Run;
  // biome-ignore lint/style/noDefaultExport: the package is made so
  export default autocannon;
}
