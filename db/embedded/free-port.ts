import { once } from 'node:events';
import { createServer } from 'node:net';

/** Returns a port of 127.0.0.1 that nobody listens on now: the preferred one, or any. */
export async function freePort(wanted = 0): Promise<number> {
  const server = createServer();
  try {
    server.listen(wanted, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    return typeof address === 'object' && address ? address.port : wanted;
  } catch (error) {
    if (wanted === 0) throw error;
    return freePort(0);
  } finally {
    server.close();
  }
}
