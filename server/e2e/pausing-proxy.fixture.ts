import type { Socket } from 'node:net';
import { openRelay } from '../../db/testing/relay.fixture.ts';

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
  const held = new Map<Socket, Buffer[]>();
  let passed = new Map<Socket, number>();
  let allowed = Number.POSITIVE_INFINITY;
  const relay = await openRelay(databaseUrl, (client, upstream) => {
    client.on('data', (bytes) => upstream.write(bytes));
    upstream.on('data', (bytes: Buffer) => {
      const sum = (passed.get(client) ?? 0) + bytes.length;
      passed.set(client, sum);
      if (sum <= allowed) client.write(bytes);
      else held.set(client, [...(held.get(client) ?? []), bytes]);
    });
    client.on('close', () => held.delete(client));
  });
  return {
    url: relay.url,
    pauseAfter(afterBytes) {
      passed = new Map();
      allowed = afterBytes;
    },
    get waiting() {
      return held.size;
    },
    stop: relay.cut,
    resume() {
      if (!relay.server.listening) void relay.listenAgain();
      allowed = Number.POSITIVE_INFINITY;
      for (const [client, pieces] of held) client.write(Buffer.concat(pieces));
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      await relay.cut();
    },
  };
}
