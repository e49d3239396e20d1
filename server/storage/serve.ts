import { isAbsolute } from 'node:path';
import type { ByteSource } from '../bytes.ts';
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
export async function objectBody(storage: Storage, name: string, span: Span): Promise<Blob | ReadableStream<Uint8Array>> {
  const place = storage.locate(name);
  return isAbsolute(place) ? Bun.file(place).slice(span.start, span.end) : await objectStream(storage, name, span);
}

/** The same, always as a stream. Cancelling it, as a client that goes away does, closes the object. */
export async function objectStream(storage: Storage, name: string, span: Span): Promise<ReadableStream<Uint8Array>> {
  return sourceStream(await storage.open(name), span);
}

function sourceStream(source: ByteSource, { start, end }: Span): ReadableStream<Uint8Array> {
  let at = start;
  let reading: Promise<unknown> = Promise.resolve();
  const close = async () => {
    // A read under way still needs the source.
    await reading.catch(() => undefined);
    await source[Symbol.asyncDispose]();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const read = source.read(at, Math.min(PIECE, end - at));
          reading = read;
          const bytes = await read;
          at += bytes.length;
          if (bytes.length > 0) controller.enqueue(bytes);
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
