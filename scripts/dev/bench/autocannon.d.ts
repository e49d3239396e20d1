/** The part of autocannon that is used; it ships no types. */
declare module 'autocannon' {
  import type { EventEmitter } from 'node:events';

  interface Options {
    url: string;
    connections: number;
    /** Seconds. */
    duration: number;
    /** Requests a second over all connections; each sends its share at the beginning of a second. */
    overallRate: number;
    /** Whether latencies stay as they were measured. */
    ignoreCoordinatedOmission: boolean;
    /** How often it looks whether to stop, milliseconds. */
    sampleInt: number;
    /** Each connection sends them in turn. */
    requests: { headers: Record<string, string> }[];
  }

  interface Outcome {
    /** Connections that failed, time-outs among them. */
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

  /** Begins at once. */
  function autocannon(options: Options): Run;
  // biome-ignore lint/style/noDefaultExport: the package is made so
  export default autocannon;
}
