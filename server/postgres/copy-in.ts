import type { Duplex } from 'node:stream';
import type pg from 'pg';
import type { Session } from '../../db/connect/session.ts';
import { AppError, cancelled } from '../core/errors.ts';

// Large enough that headers cost nothing, small enough that back-pressure of the socket takes effect.
const SLICE_BYTES = 256 * 1024;

/**
 * Runs a `COPY … FROM STDIN` with the given bytes and returns the server's row count. `content` may be reused once the promise has
 * settled. Rejects with the driver's own error, also for one reported after the last byte, so that the caller can name chunk and line.
 */
export function copyIn(session: Session, sql: string, content: Uint8Array): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: unknown) =>
      reject(session.signal.aborted && session.signal.reason instanceof AppError ? cancelled('The copy') : error);
    session.client.query(new CopyIn(sql, content, resolve, fail));
  });
}

/** A query object of the `pg` driver, which calls `submit` and the `handle…` methods. */
class CopyIn {
  private connection: pg.Connection | null = null;
  private over = false;
  private sending: Promise<void> = Promise.resolve();
  private count = -1;
  private failure: { error: unknown } | null = null;
  private readonly text: string;
  private readonly content: Uint8Array;
  private readonly resolve: (rows: number) => void;
  private readonly reject: (error: unknown) => void;

  constructor(text: string, content: Uint8Array, resolve: (rows: number) => void, reject: (error: unknown) => void) {
    this.text = text;
    this.content = content;
    this.resolve = resolve;
    this.reject = reject;
  }

  submit(connection: pg.Connection) {
    this.connection = connection;
    connection.query(this.text);
  }

  handleCopyInResponse() {
    const stream = this.connection?.stream;
    if (stream) this.sending = this.send(stream);
  }

  handleError(error: unknown) {
    this.over = true;
    this.failure ??= { error };
    this.settle();
  }

  handleCommandComplete(message: { text: string }) {
    this.count = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? -1);
  }

  handleReadyForQuery() {
    this.settle();
  }

  /** Settles the promise once the socket has taken every slice, because only then is the caller's buffer free. */
  private settle() {
    const { failure } = this;
    if (failure && this.connection?.stream.destroyed) return this.reject(failure.error);
    void this.sending.then(() => (failure ? this.reject(failure.error) : this.resolve(this.count)));
  }

  private async send(stream: Duplex) {
    const { content } = this;
    for (let at = 0; at < content.length && !this.over; at += SLICE_BYTES) {
      const slice = content.subarray(at, at + SLICE_BYTES);
      const header = Buffer.alloc(5);
      header[0] = 0x64; // CopyData
      header.writeUInt32BE(slice.length + 4, 1);
      stream.write(header);
      await new Promise<void>((done) => stream.write(slice, () => done()));
      // A socket that takes everything at once would leave no tick for reading what the server sends.
      await new Promise<void>((done) => setImmediate(done));
    }
    if (this.over || stream.destroyed) return;
    // CopyDone; after an error the server has already left COPY mode and waits for nothing.
    stream.write(Buffer.from([0x63, 0, 0, 0, 4]));
  }
}
