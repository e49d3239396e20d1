import { connect, createServer, type Server, type Socket } from 'node:net';

/** A way to a database through this process. */
export interface Relay {
  url: string;
  server: Server;
  /** Listens again at the same port, after `cut`. */
  listenAgain(): Promise<void>;
  /** Cuts what is connected, and refuses what comes. */
  cut(): Promise<void>;
}

/**
 * Opens a way to the database of this address. `carry` passes the bytes on; when either side closes, the other one does. The caller ends it
 * with `cut`.
 */
export async function openRelay(
  databaseUrl: string,
  carry: (client: Socket, upstream: Socket) => void,
): Promise<Relay> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(target.port), target.hostname);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => sockets.delete(socket));
    }
    carry(client, upstream);
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => client.destroy());
  });
  const listenAt = (port: number) => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await listenAt(0);
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String(port);
  return {
    url: url.href,
    server,
    listenAgain: () => listenAt(port),
    cut() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      return closed;
    },
  };
}
