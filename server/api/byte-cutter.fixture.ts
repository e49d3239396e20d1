import { connect, createServer, type Socket } from 'node:net';

/** A proxy to a server on which one connection can be cut after a number of bytes, or all of them at once. */
export interface ByteCutter extends AsyncDisposable {
  url: string;
  /** Cuts, once, the connection that carries this many more bytes in this direction. */
  cutAfter(bytes: number, way: 'up' | 'down'): void;
  readonly cuts: number;
  /** Cuts every connection and lets none through until `reopen`. */
  shut(): void;
  reopen(): void;
}

export async function byteCutter(url: string): Promise<ByteCutter> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  let armed: { bytes: number; way: 'up' | 'down' } | null = null;
  let cuts = 0;
  let isShut = false;
  const server = createServer((client) => {
    if (isShut) return void client.destroy();
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    const carry = (from: Socket, to: Socket, way: 'up' | 'down') => {
      from.on('data', (bytes: Buffer) => {
        if (armed?.way === way) armed.bytes -= bytes.length;
        if (armed?.way !== way || armed.bytes > 0) {
          if (!to.write(bytes)) {
            from.pause();
            to.once('drain', () => from.resume());
          }
          return;
        }
        armed = null;
        cuts++;
        client.destroy();
        upstream.destroy();
      });
      from.on('close', () => to.end());
    };
    carry(client, upstream, 'up');
    carry(upstream, client, 'down');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`,
    cutAfter(bytes, way) {
      armed = { bytes, way };
    },
    get cuts() {
      return cuts;
    },
    shut() {
      isShut = true;
      for (const socket of sockets) socket.destroy();
    },
    reopen() {
      isShut = false;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
