import { afterAll, beforeAll, expect, test } from 'bun:test';
import { asCaller, type FilesServer, filesServer } from '../files/files.fixture.ts';
import { type HalfSent, sendPart } from '../http/half-sent.fixture.ts';
import type { Scope } from '../security/caller.ts';
import { until } from '../testing/until.fixture.ts';

let server: FilesServer;
/** Callers whose right was withdrawn meanwhile. */
const lost = new Set<string>();
beforeAll(async () => {
  const change = { askAgainMs: 20 };
  server = await filesServer(change, 1);
  const { readCaller } = server.parts;
  server.parts.readCaller = async (headers, address) => {
    const { caller } = await readCaller(headers, address);
    return lost.has(headers.get('x-test-caller') ?? '')
      ? { caller: { kind: 'nobody', actor: 'nobody', address } }
      : { caller };
  };
});
afterAll(() => server[Symbol.asyncDispose]());

const lines = (who: Record<string, string>) =>
  Object.entries({ ...who, 'Tus-Resumable': '1.0.0' })
    .map(([name, value]) => `${name}: ${value}`)
    .join('\r\n');
const PIECE = { 'Content-Type': 'application/offset+octet-stream' };

/** Every route that takes a body, with the body half sent. */
const WAYS: Record<string, (who: string, scopes?: Scope[]) => Promise<HalfSent>> = {
  'PUT /api/uploads': (who, scopes) =>
    sendPart(server.url, 'PUT /api/uploads?accept=later', lines(asCaller(scopes, who))),
  'POST /api/uploads/tus': (who, scopes) =>
    sendPart(
      server.url,
      'POST /api/uploads/tus',
      lines({ ...asCaller(scopes, who), ...PIECE, 'Upload-Length': '2000' }),
    ),
  'PATCH /api/uploads/tus/:upload': async (who, scopes) => {
    const headers = { ...asCaller(undefined, who), 'Tus-Resumable': '1.0.0', 'Upload-Length': '2000' };
    const made = await fetch(`${server.url}/api/uploads/tus`, { method: 'POST', headers });
    const path = new URL(made.headers.get('location') ?? '', `${server.url}/api/uploads/tus/`).pathname;
    return await sendPart(
      server.url,
      `PATCH ${path}`,
      lines({ ...asCaller(scopes, who), ...PIECE, 'Upload-Offset': '0' }),
    );
  },
};

for (const [way, send] of Object.entries(WAYS)) {
  test.concurrent(`${way}: who may not is cut in the middle of his body, and who may is waited for`, async () => {
    const may = await send('ada@palace.example');
    let ended = false;
    void may.closed.then(() => (ended = true));
    const mayNot = await send('eve@palace.example', ['backups:read']);
    await mayNot.closed;
    expect(mayNot.answer()).toStartWith('HTTP/1.1 403');
    // As silent as the other, and for longer.
    expect([ended, may.answer()]).toEqual([false, '']);
    may.socket.write('x'.repeat(996));
    await until(
      'the answer',
      async () => may.answer(),
      (answer) => answer.startsWith('HTTP/1.1 20'),
    );
    may.socket.destroy();
  });

  test.concurrent(`${way}: whose right ends meanwhile is told so, and cut`, async () => {
    const who = `${way.split(' ', 1)}@palace.example`;
    const sender = await send(who);
    lost.add(who);
    await sender.closed;
    expect(sender.answer()).toStartWith('HTTP/1.1 401');
    expect(sender.answer()).toContain('UNAUTHENTICATED');
  });
}
