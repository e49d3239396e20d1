import { expect, test } from 'bun:test';
import { probedFetch } from './probed-fetch.ts';

/** Fetches from a server that vanished silently: no request is ever answered. */
function silent(_: string, init?: RequestInit): Promise<Response> {
  return new Promise((_, reject) =>
    init?.signal?.addEventListener('abort', () => reject(init.signal?.reason), { once: true }),
  );
}

function server(answers: Record<string, () => Promise<Response>>) {
  const asked: string[] = [];
  return {
    asked,
    ask: (url: string, init?: RequestInit) => {
      asked.push(url);
      return answers[url]?.() ?? silent(url, init);
    },
  };
}

const well = async () => new Response('{}');
const refused = () => Promise.reject(new TypeError('refused'));

test('what is pressed while the server is away fails without being sent, and is sent when it is back', async () => {
  const away = server({ '/healthz': refused });
  await expect(probedFetch('/trpc/x', {}, { send: away.ask, isKnownUnreachable: () => true })).rejects.toThrow(
    'does not answer',
  );
  expect(away.asked).toEqual(['/healthz']);
  const back = server({ '/healthz': well, '/trpc/x': well });
  expect((await probedFetch('/trpc/x', {}, { send: back.ask, isKnownUnreachable: () => true })).ok).toBe(true);
});

test('a server that thinks is waited for while it gives a sign of life, and given up when it gives none', async () => {
  let signs = 0;
  const late = Promise.withResolvers<Response>();
  const thinking = server({
    '/trpc/x': () => late.promise,
    '/healthz': async () => {
      if (++signs === 3) late.resolve(new Response('{}'));
      return new Response('{}');
    },
  });
  expect(
    (await probedFetch('/trpc/x', {}, { send: thinking.ask, isKnownUnreachable: () => false, probeIntervalMs: 1 })).ok,
  ).toBe(true);
  expect(signs).toBeGreaterThanOrEqual(3);
  const gone = server({ '/healthz': refused });
  const waiting = probedFetch('/trpc/x', {}, { send: gone.ask, isKnownUnreachable: () => false, probeIntervalMs: 1 });
  await expect(waiting).rejects.toThrow('any more');
});

test('who gives up waiting is let go', async () => {
  const stop = new AbortController();
  const waiting = probedFetch('/trpc/x', { signal: stop.signal }, { send: silent, isKnownUnreachable: () => false });
  stop.abort(new Error('left'));
  await expect(waiting).rejects.toThrow('left');
});
