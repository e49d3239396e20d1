/**
 * A fixed set of equal buffers, lent and given back. It bounds memory and gives a copy its back-pressure: when all are
 * lent, `take()` waits, and its caller stops reading from the socket.
 */
export interface BufferPool {
  /** Lends a buffer of at least `size` bytes. One larger than the pool's is allocated for this loan and not kept. */
  take(size?: number): Buffer | Promise<Buffer>;
  give(buffer: Buffer): void;
  /** Rejects every waiting `take()` with this error, and every later one. */
  fail(error: unknown): void;
}

export function createBufferPool(buffers: number, size: number): BufferPool {
  const free: Buffer[] = Array.from({ length: buffers }, () => Buffer.allocUnsafeSlow(size));
  const waiting: { resolve: (buffer: Buffer) => void; reject: (error: unknown) => void; size: number }[] = [];
  let failure: { error: unknown } | null = null;

  // An oversized buffer takes the place of a pooled one while it is lent, so that huge values do not add up.
  const lend = (pooled: Buffer, wanted: number): Buffer => {
    if (wanted <= size) return pooled;
    const large = Buffer.allocUnsafeSlow(wanted);
    standIns.set(large, pooled);
    return large;
  };
  const standIns = new Map<Buffer, Buffer>();

  return {
    take(wanted = size) {
      if (failure) return Promise.reject(failure.error);
      const pooled = free.pop();
      if (pooled) return lend(pooled, wanted);
      return new Promise((resolve, reject) => waiting.push({ resolve, reject, size: wanted }));
    },
    give(buffer) {
      const pooled = standIns.get(buffer) ?? buffer;
      standIns.delete(buffer);
      const next = waiting.shift();
      if (next) next.resolve(lend(pooled, next.size));
      else free.push(pooled);
    },
    fail(error) {
      failure ??= { error };
      for (const { reject } of waiting.splice(0)) reject(error);
    },
  };
}
