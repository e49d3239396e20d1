import type { Duplex } from 'node:stream';
import type pg from 'pg';
import { databaseError } from '../../db/connect/database-error.ts';
import type { Session } from '../../db/connect/session.ts';
import type { BufferPool } from '../core/buffers.ts';
import { AppError, cancelled } from '../core/errors.ts';

export interface RowChunk {
  /** Lent from the pool; the receiver gives it back. */
  buffer: Buffer;
  /** Bytes used, the prefix included. */
  length: number;
  rows: number;
}

export interface CopyOutOptions {
  pool: BufferPool;
  /** Completes “while …” in an error message: `copying public.staff`. */
  doing: string;
  /** Written at the start of every chunk: the CSV header line. */
  prefix: Uint8Array;
  /** Most bytes of a chunk, which is closed before it would exceed them; a longer row gets a chunk of its own. */
  chunkBytes: number;
  /** Takes a full chunk. Must not throw; waiting happens through the pool. */
  onChunk: (chunk: RowChunk) => void;
}

// Message codes of the frontend/backend protocol, PostgreSQL documentation, "Message Formats".
const COPY_DATA = 0x64;
const PASSED_OVER = new Set([
  0x48 /* CopyOutResponse */, 0x63 /* CopyDone */, 0x4e /* Notice */, 0x53 /* ParameterStatus */,
  0x41 /* Notification */,
]);

/**
 * Runs a `COPY … TO STDOUT`, gathers its rows into chunks that never split a row, and returns the row count, checked against the server's.
 * Owns the session's socket meanwhile: rows reach the chunk with one copy and no object per row.
 * Rejects with a database error; the session stays usable when the server reported it, and is dead when the connection was lost or the
 * pool failed.
 */
export function copyOut(session: Session, sql: string, options: CopyOutOptions): Promise<number> {
  return new Promise((resolve, reject) => {
    const first = options.pool.acquire(options.chunkBytes);
    const start = (buffer: Buffer) => {
      const copy = new CopyOut(sql, options, buffer, resolve, (error) =>
        reject(
          session.signal.aborted && session.signal.reason instanceof AppError
            ? cancelled('The copy')
            : databaseError(error, options.doing),
        ),
      );
      session.client.query(copy);
    };
    if (first instanceof Promise) first.then(start, reject);
    else start(first);
  });
}

/** A query object of the `pg` driver, which calls `submit` and the `handle…` methods. */
class CopyOut {
  rows = 0;
  private chunkRows = 0;
  private position = 0;
  private stream: Duplex | null = null;
  private driverListener: ((data: Buffer) => void) | null = null;
  private code = 0;
  /** Payload bytes of the current message still to come. */
  private left = 0;
  private readonly header = Buffer.alloc(5);
  private headerLength = 0;
  /** Socket data that arrived while waiting for a buffer. */
  private backlog: Buffer[] = [];
  private waiting = false;
  private serverCount = -1;
  private readonly text: string;
  private readonly options: CopyOutOptions;
  private buffer: Buffer | null;
  private readonly resolve: (rows: number) => void;
  private readonly rejectOnce: (error: unknown) => void;

  constructor(
    text: string,
    options: CopyOutOptions,
    buffer: Buffer,
    resolve: (rows: number) => void,
    reject: (error: unknown) => void,
  ) {
    this.text = text;
    this.options = options;
    this.buffer = buffer;
    this.resolve = resolve;
    this.rejectOnce = reject;
    this.begin(buffer);
  }

  submit(connection: pg.Connection) {
    const stream = connection.stream;
    const [listener] = stream.listeners('data');
    this.stream = stream;
    this.driverListener = listener as (data: Buffer) => void;
    stream.removeListener('data', this.driverListener);
    stream.on('data', this.onData);
    connection.query(this.text);
  }

  handleError(error: unknown) {
    this.detach(null);
    if (this.buffer) this.options.pool.release(this.buffer);
    this.buffer = null;
    this.rejectOnce(error);
  }

  handleCommandComplete(message: { text: string }) {
    this.serverCount = Number(/^COPY (\d+)$/.exec(message.text)?.[1] ?? -1);
  }

  handleReadyForQuery() {
    if (this.buffer === null) return;
    if (this.serverCount !== this.rows) {
      this.handleError(
        new AppError('DATABASE_ERROR', `The server counted ${this.serverCount} rows but sent ${this.rows}.`, {
          hint: 'Run it again; when it happens once more, look at what stands between here and the server (a pooler, a proxy).',
        }),
      );
      return;
    }
    if (this.chunkRows > 0) this.options.onChunk({ buffer: this.buffer, length: this.position, rows: this.chunkRows });
    else this.options.pool.release(this.buffer);
    this.buffer = null;
    this.resolve(this.rows);
  }

  private begin(buffer: Buffer) {
    this.buffer = buffer;
    buffer.set(this.options.prefix, 0);
    this.position = this.options.prefix.length;
    this.chunkRows = 0;
  }

  private readonly onData = (data: Buffer) => {
    if (this.waiting) this.backlog.push(data);
    else this.consume(data);
  };

  private consume(data: Buffer) {
    let at = 0;
    while (at < data.length) {
      if (this.left > 0) {
        const take = Math.min(this.left, data.length - at);
        if (this.code === COPY_DATA && this.buffer) {
          data.copy(this.buffer, this.position, at, at + take);
          this.position += take;
        }
        this.left -= take;
        at += take;
        continue;
      }
      if (this.headerLength === 0 && data.length - at >= 5) {
        this.code = data[at] as number;
        this.left = data.readUInt32BE(at + 1) - 4;
        if (this.code !== COPY_DATA && !PASSED_OVER.has(this.code)) return this.detach(data.subarray(at));
        at += 5;
      } else {
        this.header[this.headerLength++] = data[at++] as number;
        if (this.headerLength < 5) continue;
        this.headerLength = 0;
        this.code = this.header[0] as number;
        this.left = this.header.readUInt32BE(1) - 4;
        if (this.code !== COPY_DATA && !PASSED_OVER.has(this.code))
          return this.detach(Buffer.concat([this.header, data.subarray(at)]));
      }
      if (this.code === COPY_DATA) {
        // The backend sends one message per row; the count at the end proves it.
        this.rows++;
        if (this.ensureBuffer(data, at)) return;
        this.chunkRows++;
      }
    }
  }

  /** Closes the chunk when the next row does not fit. Returns true when a buffer must be waited for; the rest of `data` is kept. */
  private ensureBuffer(data: Buffer, at: number): boolean {
    const { pool, chunkBytes, prefix } = this.options;
    if (this.buffer === null) return false;
    const fits = this.position + this.left <= (this.chunkRows === 0 ? this.buffer.length : chunkBytes);
    if (fits) return false;
    if (this.chunkRows > 0) this.options.onChunk({ buffer: this.buffer, length: this.position, rows: this.chunkRows });
    else pool.release(this.buffer);
    this.buffer = null;
    const next = pool.acquire(Math.max(chunkBytes, prefix.length + this.left));
    if (!(next instanceof Promise)) {
      this.begin(next);
      return false;
    }
    this.waiting = true;
    this.stream?.pause();
    this.backlog.push(data.subarray(at));
    next.then(
      (buffer) => this.resume(buffer),
      (error) => this.abort(error),
    );
    return true;
  }

  private resume(buffer: Buffer) {
    if (this.driverListener === null) return this.options.pool.release(buffer);
    this.begin(buffer);
    this.chunkRows = 1;
    this.waiting = false;
    const backlog = this.backlog;
    this.backlog = [];
    for (const data of backlog) {
      if (this.driverListener === null) this.stream?.emit('data', data);
      else this.onData(data);
    }
    if (!this.waiting) this.stream?.resume();
  }

  /** Ends the session, because nobody takes its rows any more: a socket in the middle of a row can serve nothing else. */
  private abort(error: unknown) {
    this.stream?.destroy();
    this.handleError(error);
  }

  /** Gives the socket back to the driver, which reads the rest: an error, or the end of the command. */
  private detach(rest: Buffer | null) {
    if (this.driverListener === null || this.stream === null) return;
    this.stream.removeListener('data', this.onData);
    this.stream.on('data', this.driverListener);
    this.driverListener = null;
    if (rest) this.stream.emit('data', rest);
    this.stream.resume();
  }
}
