/**
 * A fixed set of equal buffers, lent and given back. It bounds memory and is the back-pressure of a copy:
 * when all are out, `take()` waits, and whoever waits stops reading from its socket.
 */
export interface BufferPool {
  /** A buffer of at least `size` bytes; one larger than the pool's is made for the occasion and not kept. */
  take(size?: number): Buffer | Promise<Buffer>;
  give(buffer: Buffer): void;
  /** Lets every waiter go with this error; later takes fail the same way. */
  fail(error: unknown): void;
}

export function createBufferPool(buffers: number, size: number): BufferPool {
  const free: Buffer[] = Array.from({ length: buffers }, () => Buffer.allocUnsafeSlow(size));
  const waiting: { resolve: (buffer: Buffer) => void; reject: (error: unknown) => void; size: number }[] = [];
  let failure: { error: unknown } | null = null;

  // An oversized buffer takes the place of a pooled one while it is out, so that huge values do not add up.
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
