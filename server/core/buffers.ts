/**
 * A fixed set of equal buffers, lent and given back. It bounds memory and gives a copy its back-pressure: when all are
 * lent, `take()` waits, and its caller stops reading from the socket.
 */
export interface BufferPool {
  /** Lends a buffer of at least `size` bytes. One larger than the pool's is allocated for this loan and not kept. */
  acquire(size?: number): Buffer | Promise<Buffer>;
  release(buffer: Buffer): void;
  /** Rejects every waiting `take()` with this error, and every later one. */
  fail(error: unknown): void;
}

export function createBufferPool(buffers: number, size: number): BufferPool {
  const free: Buffer[] = Array.from({ length: buffers }, () => Buffer.allocUnsafeSlow(size));
  const waiting: { resolve: (buffer: Buffer) => void; reject: (error: unknown) => void; size: number }[] = [];
  let failure: { error: unknown } | null = null;

  // An oversized buffer takes the place of a pooled one while it is lent, so that huge values do not add up.
  const sized = (pooled: Buffer, wanted: number): Buffer => {
    if (wanted <= size) return pooled;
    const large = Buffer.allocUnsafeSlow(wanted);
    substitutes.set(large, pooled);
    return large;
  };
  const substitutes = new Map<Buffer, Buffer>();

  return {
    acquire(wanted = size) {
      if (failure) return Promise.reject(failure.error);
      const pooled = free.pop();
      if (pooled) return sized(pooled, wanted);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject, size: wanted }));
    },
    release(buffer) {
      const pooled = substitutes.get(buffer) ?? buffer;
      substitutes.delete(buffer);
      const next = waiting.shift();
      if (next) next.resolve(sized(pooled, next.size));
      else free.push(pooled);
    },
    fail(error) {
      failure ??= { error };
      for (const { reject } of waiting.splice(0)) reject(error);
    },
  };
}
