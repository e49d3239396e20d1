import { isAbsolute } from 'node:path';
import type { ByteSource } from '../core/bytes.ts';
import { collectEvery, STREAM_COLLECT_BYTES } from '../core/collect.ts';
import type { Storage } from './storage.ts';

const PIECE = 256 * 1024;

/** Bytes of a stored object, from `start` up to `end` (not included). */
export interface Span {
  start: number;
  end: number;
}

/**
 * A part of a stored object as the body of a response: a file where the storage is a folder, so that Bun sends it with its length and
 * without reading it into this program; else a stream, which Bun sends in chunks of unknown number. Reads nothing before it is asked to.
 */
export function objectBody(storage: Storage, name: string, span: Span): Blob | ReadableStream<Uint8Array> {
  const place = storage.locate(name);
  return isAbsolute(place) ? Bun.file(place).slice(span.start, span.end) : objectStream(storage, name, span);
}

/** The same, always as a stream. The object is opened with the first read, and closed at the end or when a client that goes away cancels. */
export function objectStream(storage: Storage, name: string, { start, end }: Span): ReadableStream<Uint8Array> {
  const keepMemory = collectEvery(STREAM_COLLECT_BYTES);
  let at = start;
  let source: ByteSource | null = null;
  let reading: Promise<unknown> = Promise.resolve();
  const next = async () => {
    source ??= await storage.open(name);
    return await source.read(at, Math.min(PIECE, end - at));
  };
  const close = async () => {
    // A read under way still needs the source.
    await reading.catch(() => undefined);
    await source?.[Symbol.asyncDispose]();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const read = next();
          reading = read;
          const bytes = await read;
          at += bytes.length;
          if (bytes.length > 0) controller.enqueue(bytes);
          keepMemory(bytes.length);
          if (at < end) return;
          await close();
          controller.close();
        } catch (error) {
          await close();
          controller.error(error);
        }
      },
      cancel: close,
    },
    { highWaterMark: 0 },
  );
}
