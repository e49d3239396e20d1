import { connect, createServer, type Socket } from 'node:net';

/** A proxy before a database that can be cut at one statement. */
export interface CuttingProxy extends AsyncDisposable {
  url: string;
  /** Cuts the next connection that sends the statement. */
  arm(): void;
  readonly cuts: number;
}

/**
 * Opens a proxy between a client and its server. `before`: the statement never reaches the server. `after`: the server executes it, but
 * no answer comes back.
 */
export async function cuttingProxy(url: string, statement: string, when: 'before' | 'after'): Promise<CuttingProxy> {
  const target = new URL(url);
  const sockets = new Set<Socket>();
  const message = Buffer.from(`Q\0\0\0${String.fromCharCode(statement.length + 5)}${statement}\0`);
  let armed = false;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    let refusing = false;
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    upstream.on('data', (bytes) => {
      // The answer shows that the statement was executed.
      if (refusing) client.destroy();
      else client.write(bytes);
    });
    client.on('data', (bytes: Buffer) => {
      const hit = armed && bytes.includes(message);
      if (hit) {
        armed = false;
        cuts++;
        refusing = true;
      }
      if (hit && when === 'before') client.destroy();
      else upstream.write(bytes);
    });
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const through = new URL(url);
  through.hostname = '127.0.0.1';
  through.port = String(typeof address === 'object' && address ? address.port : 0);
  return {
    url: through.href,
    arm: () => {
      armed = true;
    },
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
