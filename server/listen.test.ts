import { describe, expect, test } from 'bun:test';
import { listen } from './listen.ts';

const answer = () => new Response('hello');

describe('listen()', () => {
  test('takes the next free port when the wanted one is busy, and says so', async () => {
    const first = listen({ host: '127.0.0.1', port: 0, fetch: answer });
    const second = listen({ host: '127.0.0.1', port: first.port, fetch: answer });
    expect(first.moved).toBe(false);
    expect(second.moved).toBe(true);
    expect(second.port).toBeGreaterThan(first.port);
    expect(await (await fetch(second.url)).text()).toBe('hello');
    await Promise.all([first.stop(1000), second.stop(1000)]);
  });

  test('refuses an address that is not of this machine', () => {
    expect(() => listen({ host: '192.0.2.1', port: 0, fetch: answer })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID' }),
    );
  });

  test('lets a request under way finish when it is stopped, and takes no new one', async () => {
    const gate = Promise.withResolvers<void>();
    const arrived = Promise.withResolvers<void>();
    const slow = async () => {
      arrived.resolve();
      await gate.promise;
      return new Response('late');
    };
    const server = listen({ host: '127.0.0.1', port: 0, fetch: slow });
    const pending = fetch(server.url);
    await arrived.promise;
    const stopped = server.stop(30_000);
    await expect(fetch(server.url)).rejects.toThrow();
    gate.resolve();
    expect(await (await pending).text()).toBe('late');
    await stopped;
  });
});
