import { describe, expect, test } from 'bun:test';
import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink, TRPCClientError } from '@trpc/client';
import { initTRPC, tracked } from '@trpc/server';
import { fetchRequestHandler } from '@trpc/server/adapters/fetch';
import { EventSource } from 'eventsource';
import { AppError } from '../core/errors.ts';
import { fakeApi, serve } from './app.fixture.ts';

/** Creates a router whose subscription sends one event, and then waits until it is aborted. */
function waitingRouter() {
  const ended = Promise.withResolvers<void>();
  const t = initTRPC.create({ sse: { ping: { enabled: true, intervalMs: 3000 } } });
  const router = t.router({
    hello: t.procedure.query(() => 'hello'),
    progress: t.procedure.subscription(async function* ({ signal }) {
      try {
        yield tracked('1', 'begun');
        const told = Promise.withResolvers<void>();
        signal?.addEventListener('abort', () => told.resolve(), { once: true });
        await told.promise;
      } finally {
        ended.resolve();
      }
    }),
    pieces: t.procedure.mutation(async function* ({ signal }) {
      try {
        yield 'begun';
        await new Promise((done) => signal?.addEventListener('abort', done, { once: true }));
      } finally {
        ended.resolve();
      }
    }),
  });
  return { router, ended: ended.promise };
}

const clientOf = (url: string) =>
  createTRPCClient<ReturnType<typeof waitingRouter>['router']>({
    links: [
      splitLink({
        condition: (op) => op.type === 'subscription',
        true: httpSubscriptionLink({ url: `${url}trpc`, EventSource }),
        false: httpBatchLink({ url: `${url}trpc` }),
      }),
    ],
  });

describe('event streams', () => {
  test('end when the server begins to close, so that it can', async () => {
    const { router, ended } = waitingRouter();
    const trpc = fakeApi({
      trpc: (c) => fetchRequestHandler({ endpoint: '/trpc', req: c.req.raw, router, createContext: () => ({}) }),
    });
    await using app = serve({ api: trpc });
    const answer = await app.ask('/trpc/progress', { headers: { Accept: 'text/event-stream' } });
    expect(answer.headers.get('content-type')).toContain('text/event-stream');
    expect(answer.headers.get('x-content-type-options')).toBe('nosniff');
    const decoder = new TextDecoder();
    let said = '';
    for await (const chunk of answer.body ?? []) {
      said += decoder.decode(chunk);
      if (said.includes('begun')) app.closing.abort();
    }
    expect(said).toContain('begun');
    await ended;
  });

  test('end then as well when they answer an order in pieces', async () => {
    const { router, ended } = waitingRouter();
    const trpc = fakeApi({
      trpc: (c) => fetchRequestHandler({ endpoint: '/trpc', req: c.req.raw, router, createContext: () => ({}) }),
    });
    await using app = serve({ api: trpc });
    const answer = await app.ask('/trpc/pieces?batch=1', {
      method: 'POST',
      headers: { 'trpc-accept': 'application/jsonl', 'content-type': 'application/json', 'Accept-Encoding': 'gzip' },
      body: '{}',
      decompress: false,
    });
    // Compressed, it would arrive only at its end.
    expect(answer.headers.get('content-encoding')).toBeNull();
    const decoder = new TextDecoder();
    let said = '';
    for await (const chunk of answer.body ?? []) {
      said += decoder.decode(chunk);
      if (said.includes('begun')) app.closing.abort();
    }
    await ended;
  });

  test('are sent as they are, and other answers compressed for who takes that', async () => {
    const words = { list: 'the same again '.repeat(500) };
    const { router } = waitingRouter();
    const trpc = fakeApi({
      trpc: (c) =>
        c.req.path.endsWith('/list')
          ? c.json(words)
          : fetchRequestHandler({ endpoint: '/trpc', req: c.req.raw, router, createContext: () => ({}) }),
    });
    await using app = serve({ api: trpc });
    const ask = (path: string, headers: Record<string, string>) => app.ask(path, { headers, decompress: false });
    const packed = await ask('/trpc/list', { 'Accept-Encoding': 'gzip' });
    expect(packed.headers.get('content-encoding')).toBe('gzip');
    const bytes = new Uint8Array(await packed.arrayBuffer());
    expect(bytes.length).toBeLessThan(500);
    expect(JSON.parse(new TextDecoder().decode(Bun.gunzipSync(bytes)))).toEqual(words);
    const plain = await ask('/trpc/list', { 'Accept-Encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect(await plain.json()).toEqual(words);
    const stream = await ask('/trpc/progress', { Accept: 'text/event-stream', 'Accept-Encoding': 'gzip' });
    expect(stream.headers.get('content-encoding')).toBeNull();
    app.closing.abort();
    await stream.body?.cancel();
  });

  test('end alone: other requests may finish', async () => {
    const aborted: boolean[] = [];
    const trpc = fakeApi({
      async trpc(c) {
        app.closing.abort();
        aborted.push(c.req.raw.signal.aborted);
        return c.text('finished');
      },
    });
    await using app = serve({ api: trpc });
    expect(await (await app.ask('/trpc/hello')).text()).toBe('finished');
    expect(aborted).toEqual([false]);
  });

  test('end when their client leaves', async () => {
    const { router, ended } = waitingRouter();
    const trpc = fakeApi({
      trpc: (c) => fetchRequestHandler({ endpoint: '/trpc', req: c.req.raw, router, createContext: () => ({}) }),
    });
    await using app = serve({ api: trpc });
    const begun = Promise.withResolvers<void>();
    const subscription = clientOf(app.url).progress.subscribe(undefined, { onData: () => begun.resolve() });
    await begun.promise;
    subscription.unsubscribe();
    await ended;
  });
});

test('a tRPC client that is refused before a procedure reads why, in the shape of every failure', async () => {
  const refuse = new AppError('UNAUTHENTICATED', 'The token does not count.');
  await using app = serve({ api: fakeApi({ readCaller: () => Promise.reject(refuse) }) });
  const client = clientOf(app.url);
  // Two concurrent calls share one batch.
  const [first, second] = await Promise.allSettled([client.hello.query(), client.hello.query()]);
  for (const one of [first, second]) {
    const reason = one.status === 'rejected' ? one.reason : null;
    expect(reason).toBeInstanceOf(TRPCClientError);
    expect(reason.message).toBe('The token does not count.');
    expect(reason.data.backup).toMatchObject({ success: false, error: { code: 'UNAUTHENTICATED' } });
  }
});
