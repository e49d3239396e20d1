import { isAbsolute } from 'node:path';
import type { ByteSource } from '../core/bytes.ts';
import { collectEvery, STREAM_COLLECT_BYTES } from '../core/collect.ts';
import type { Storage } from './storage.ts';

const PIECE = 256 * 1024;

/** Byte range of a stored object, from `start` up to `end` (exclusive). */
export interface Span {
  start: number;
  end: number;
}

/**
 * Returns a part of a stored object as the body of a response, reading nothing yet. It is a file where the storage is a
 * folder: Bun sends it with its length, without reading it into this process. Otherwise it is a stream, which Bun sends
 * chunked, without a length.
 */
export function objectBody(
  storage: Storage,
  name: string,
  span: Span,
  signal?: AbortSignal,
): Blob | ReadableStream<Uint8Array> {
  const location = storage.locate(name);
  return isAbsolute(location)
    ? Bun.file(location).slice(span.start, span.end)
    : objectStream(storage, name, span, signal);
}

/**
 * Returns a part of a stored object as a stream. Opens the object with the first read, and closes it at the end or when
 * the client disconnects. Fails with the signal's reason.
 */
export function objectStream(
  storage: Storage,
  name: string,
  { start, end }: Span,
  signal?: AbortSignal,
): ReadableStream<Uint8Array> {
  const keepMemory = collectEvery(STREAM_COLLECT_BYTES);
  let at = start;
  let source: ByteSource | null = null;
  let reading: Promise<unknown> = Promise.resolve();
  const next = async () => {
    signal?.throwIfAborted();
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
