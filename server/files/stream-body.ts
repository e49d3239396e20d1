/**
 * Returns a response body whose bytes are made while they are sent: the next ones are read when the client has taken
 * the last. An error cuts the connection, so that half a response is never taken for a whole one. `onEnd` runs once,
 * however it ends.
 */
export function iterableBody(
  bytes: AsyncIterable<Uint8Array>,
  onEnd: () => Promise<void> = async () => undefined,
): ReadableStream<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  let over: Promise<void> | null = null;
  const end = () => (over ??= onEnd());
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        try {
          const { done, value } = await iterator.next();
          if (done !== true) return controller.enqueue(value);
          await end();
          controller.close();
        } catch (error) {
          await end();
          controller.error(error);
        }
      },
      async cancel() {
        // First, so that a step under way is aborted and does not keep the iterator from returning.
        await end();
        await iterator.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
