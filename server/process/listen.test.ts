import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { failure, fakeApi, GOOD_TOKEN, serve } from '../http/app.fixture.ts';
import { sendPart } from '../http/half-sent.fixture.ts';
import { listen, readTls } from './listen.ts';

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

  test('cuts a stranger who asked, was refused and stays silent: his connections would fill the server', async () => {
    await using app = serve({ idleSeconds: 1, api: fakeApi({ trpc: (c) => c.text('no', 401) }) });
    for (const path of ['/trpc/backups.list', '/nowhere', '/api/nowhere']) {
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      const socket = connect(Number(new URL(app.url).port), '127.0.0.1', () => {
        socket.write(`GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`);
      });
      socket.on('data', () => undefined).on('close', () => resolve());
      await closed;
    }
  });

  test('cuts one who is known as well, while his body does not come', async () => {
    const trpc = fakeApi({ trpc: async (c) => c.text(await c.req.raw.text()) });
    await using app = serve({ idleSeconds: 1, api: trpc });
    const sender = await sendPart(
      app.url,
      'POST /trpc/backups.create',
      `Cookie: session=good\r\nOrigin: ${app.url.slice(0, -1)}`,
    );
    await sender.closed;
    expect(sender.answer()).toBe('');
  });

  test('takes so many bodies of one person at once, and as many of everybody else', async () => {
    const trpc = fakeApi({ trpc: async (c) => c.text(await c.req.raw.text()) });
    await using app = serve({ api: trpc });
    const send = (who: string) => sendPart(app.url, 'POST /trpc/backups.create', who);
    const [token, cookie] = [
      `Authorization: Bearer ${GOOD_TOKEN}`,
      `Cookie: session=good\r\nOrigin: ${app.url.slice(0, -1)}`,
    ];
    // With different tokens, but of the same person.
    const senders = await Promise.all(Array.from({ length: 32 }, (_, at) => send(at % 2 ? token : cookie)));
    const code = async (headers: Record<string, string>) => {
      const answer = await app.ask('/trpc/x', { method: 'POST', body: 'whole', headers });
      return answer.ok ? answer.status : [answer.status, (await failure(answer)).error.code];
    };
    const good = { Authorization: `Bearer ${GOOD_TOKEN}` };
    while ((await code(good)) === 200) await Bun.sleep(5);
    expect(await code(good)).toEqual([429, 'RATE_LIMITED']);
    expect((await app.ask('/api/who', { headers: good })).status).toBe(200);
    expect(await code({})).toBe(200);
    for (const { socket } of senders.slice(0, 2)) socket.destroy();
    while ((await code(good)) !== 200) await Bun.sleep(5);
    for (const { socket } of senders) socket.destroy();
  });

  test('has no limit of its own for bodies, declared or not: the routes say why they refuse', async () => {
    const size = 140 * 1024 ** 2;
    const count = async (request: Request) => {
      let received = 0;
      for await (const chunk of request.body ?? []) received += chunk.byteLength;
      return new Response(String(received));
    };
    const server = listen({ host: '127.0.0.1', port: 0, fetch: count });
    const send = async (body: Uint8Array<ArrayBuffer> | ReadableStream | null) =>
      (await fetch(server.url, { method: 'POST', body })).text();
    const piece = new Uint8Array(1024 ** 2);
    const pieces = async function* () {
      for (let sent = 0; sent < size; sent += piece.length) yield piece;
    };
    expect(await send(new Uint8Array(size))).toBe(String(size));
    expect(await send(new Response(pieces()).body)).toBe(String(size));
    await server.stop(1000);
  });

  test('cuts a request that does not end within the time allowed', async () => {
    const arrived = Promise.withResolvers<void>();
    const never = () => {
      arrived.resolve();
      return new Promise<Response>(() => undefined);
    };
    const server = listen({ host: '127.0.0.1', port: 0, fetch: never });
    const pending = fetch(server.url).then(
      () => 'answered',
      () => 'cut',
    );
    await arrived.promise;
    await server.stop(50);
    expect(await pending).toBe('cut');
  });

  test('cuts a request that is silent for too long, unless it was allowed to be', async () => {
    const gate = Promise.withResolvers<void>();
    const slow = async (request: Request, connection: { disableTimeout(): void }) => {
      if (request.url.endsWith('/unlimited')) connection.disableTimeout();
      await gate.promise;
      return new Response('late');
    };
    const server = listen({ host: '127.0.0.1', port: 0, fetch: slow, idleSeconds: 1 });
    const ask = (path: string) =>
      fetch(new URL(path, server.url)).then(
        (response) => response.text(),
        () => 'cut',
      );
    const unlimited = ask('/unlimited');
    // As silent as the other, and for longer.
    expect(await ask('/hasty')).toBe('cut');
    gate.resolve();
    expect(await unlimited).toBe('late');
    await server.stop(1000);
  });
});

describe('over TLS', () => {
  let folder = '';
  let files = { certFile: '', keyFile: '' };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tls-test-'));
    files = { certFile: join(folder, 'cert.pem'), keyFile: join(folder, 'key.pem') };
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost';
    const names = ['-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
    const made = Bun.spawnSync([
      'openssl',
      ...words.split(' '),
      ...names,
      '-keyout',
      files.keyFile,
      '-out',
      files.certFile,
    ]);
    expect(made.exitCode).toBe(0);
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('a client that trusts the certificate is answered, told to keep to HTTPS, and its own page may write', async () => {
    const tls = await readTls(files);
    await using app = serve({ tls, guards: { production: true } });
    expect(app.url).toStartWith('https://127.0.0.1:');
    const trusting = { tls: { ca: tls.cert } };
    const read = await app.ask('/api/who', trusting);
    expect(read.status).toBe(200);
    expect(read.headers.get('strict-transport-security')).toBe('max-age=31536000');
    const origin = new URL(app.url).origin;
    const headers = { Cookie: 'session=good', Origin: origin };
    expect((await app.ask('/trpc/x', { ...trusting, method: 'POST', headers })).status).toBe(200);
    const plain = { ...headers, Origin: origin.replace('https', 'http') };
    expect((await app.ask('/trpc/x', { ...trusting, method: 'POST', headers: plain })).status).toBe(403);
    await expect(app.ask('/healthz', { tls: { ca: '' } })).rejects.toThrow();
  });

  test('plain HTTP to the port is not served', async () => {
    await using app = serve({ tls: await readTls(files) });
    const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
    socket.write('GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n');
    const chunks: Buffer[] = [];
    socket.on('error', () => undefined);
    for await (const chunk of socket) chunks.push(chunk);
    expect(Buffer.concat(chunks).toString()).not.toContain('200 OK');
  });

  test('a file that cannot be read, or holds no certificate, is named', async () => {
    const missing = readTls({ ...files, keyFile: join(folder, 'nowhere') });
    await expect(missing).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('TLS_KEY'),
    });
    const broken = join(folder, 'broken.pem');
    await writeFile(broken, 'no certificate');
    const tls = await readTls({ ...files, certFile: broken });
    expect(() => listen({ host: '127.0.0.1', port: 0, fetch: answer, tls })).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', message: expect.stringContaining('TLS_CERT') }),
    );
  });
});
