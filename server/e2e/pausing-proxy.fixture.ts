import { connect, createServer, type Socket } from 'node:net';

/** A way to a database whose answers can be held back on the way, or that can be shut. */
export interface PausingProxy extends AsyncDisposable {
  url: string;
  /** Lets each connection have so many more bytes of answer, and then makes it wait. */
  pauseAfter(afterBytes: number): void;
  /** Connections that wait. */
  readonly waiting: number;
  /** Cuts what is connected, and refuses what comes, as if the database had ended. */
  stop(): Promise<void>;
  /** Lets all that was held back go on, and everything after it. */
  resume(): void;
}

export async function pausingProxy(databaseUrl: string): Promise<PausingProxy> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const held = new Map<Socket, Buffer[]>();
  let passed = new Map<Socket, number>();
  let allowed = Number.POSITIVE_INFINITY;
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes: Buffer) => {
      const sum = (passed.get(client) ?? 0) + bytes.length;
      passed.set(client, sum);
      if (sum <= allowed) client.write(bytes);
      else held.set(client, [...(held.get(client) ?? []), bytes]);
    });
    client.on('close', () => {
      held.delete(client);
      upstream.destroy();
    });
    upstream.on('close', () => client.destroy());
  });
  const listenAt = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listenAt(0);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  const cut = () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    for (const socket of sockets) socket.destroy();
    return closed;
  };
  return {
    url: url.href,
    pauseAfter(afterBytes) {
      passed = new Map();
      allowed = afterBytes;
    },
    get waiting() {
      return held.size;
    },
    stop: cut,
    resume() {
      if (!server.listening) void listenAt(port);
      allowed = Number.POSITIVE_INFINITY;
      for (const [client, pieces] of held) client.write(Buffer.concat(pieces));
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      await cut();
    },
  };
}
