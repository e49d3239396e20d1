import type { ByteSource } from '../../core/bytes.ts';

/** Bytes buffered before they are written, over all streams. */
const BUFFERED_BYTES = 32 * 1024 * 1024;
const LARGEST_BUFFER = 64 * 1024;
const SMALLEST_BUFFER = 1024;
/** Bytes before each key: its length, and the position of its row. */
const HEAD_BYTES = 12;
const WRITE_BYTES = 1024 * 1024;

/** Keys of rows, split into parts by their hash. Equal keys are in the same part, in the order of their rows. */
export interface KeyStream {
  readonly parts: Part[];
}

interface Part {
  buffer: Buffer | null;
  used: number;
  /** Its blocks in the file: offset, length, offset, length, … */
  blocks: number[];
}

export function createKeyStream(parts: number): KeyStream {
  return { parts: Array.from({ length: parts }, () => ({ buffer: null, used: 0, blocks: [] })) };
}

/**
 * Appends keys to one file, part by part in blocks. All streams of one table are flushed before those of the next begin. `seed` makes the
 * hash unpredictable, so that no archive can force collisions.
 */
export class KeyWriter {
  /** Bytes given to the file so far. */
  written = 0;
  private waiting: Buffer[] = [];
  private waitingBytes = 0;
  private bufferBytes = LARGEST_BUFFER;
  private streams: KeyStream[] = [];
  private readonly sink: { write(bytes: Uint8Array): Promise<void> };
  private readonly seed: number;

  constructor(sink: { write(bytes: Uint8Array): Promise<void> }, seed: number) {
    this.sink = sink;
    this.seed = seed;
  }

  /** Begins these streams; `flush` ends them. */
  begin(streams: KeyStream[]): void {
    const parts = streams.reduce((sum, stream) => sum + stream.parts.length, 0);
    this.bufferBytes = Math.min(
      LARGEST_BUFFER,
      Math.max(SMALLEST_BUFFER, Math.floor(BUFFERED_BYTES / Math.max(1, parts))),
    );
    this.streams = streams;
  }

  /** Adds a key. Returns true when bytes wait to be written: call `drain` soon. */
  add(stream: KeyStream, key: string, rowNumber: number): boolean {
    const part = stream.parts[Bun.hash.xxHash32(key, this.seed) % stream.parts.length];
    if (!part) throw new RangeError('a stream has at least one part');
    const length = Buffer.byteLength(key);
    const needed = HEAD_BYTES + length;
    if (part.buffer && part.used + needed > part.buffer.length) this.close(part);
    part.buffer ??= Buffer.allocUnsafe(Math.max(this.bufferBytes, needed));
    part.buffer.writeUInt32LE(length, part.used);
    part.buffer.writeDoubleLE(rowNumber, part.used + 4);
    part.buffer.write(key, part.used + HEAD_BYTES, 'utf8');
    part.used += needed;
    return this.waitingBytes >= WRITE_BYTES;
  }

  async drain(): Promise<void> {
    const bytes = Buffer.concat(this.waiting);
    this.waiting = [];
    this.waitingBytes = 0;
    if (bytes.length > 0) await this.sink.write(bytes);
  }

  async flush(): Promise<void> {
    for (const { parts } of this.streams) {
      for (const part of parts) {
        this.close(part);
        if (this.waitingBytes >= WRITE_BYTES) await this.drain();
      }
    }
    await this.drain();
    this.streams = [];
  }

  private close(part: Part): void {
    if (!part.buffer || part.used === 0) return;
    const bytes = part.buffer.subarray(0, part.used);
    part.blocks.push(this.written, bytes.length);
    this.written += bytes.length;
    this.waiting.push(bytes);
    this.waitingBytes += bytes.length;
    part.buffer = null;
    part.used = 0;
  }
}

/** Reads a part's keys in the order they were added, a block at a time. */
export async function* readKeys(source: ByteSource, part: Part): AsyncGenerator<{ key: string; rowNumber: number }[]> {
  for (let at = 0; at < part.blocks.length; at += 2) {
    const { buffer, byteOffset, length } = await source.read(part.blocks[at] as number, part.blocks[at + 1] as number);
    yield [...keysIn(Buffer.from(buffer, byteOffset, length))];
  }
}

function* keysIn(block: Buffer): Generator<{ key: string; rowNumber: number }> {
  for (let at = 0; at < block.length; ) {
    const end = at + HEAD_BYTES + block.readUInt32LE(at);
    yield { key: block.toString('utf8', at + HEAD_BYTES, end), rowNumber: block.readDoubleLE(at + 4) };
    at = end;
  }
}
