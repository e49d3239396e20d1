import { afterAll, beforeAll, expect, test } from 'bun:test';
import { chmod, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import type { AppError } from '../../server/core/errors.ts';
import { connectByOurClients } from './libpq.fixture.ts';
import { PASSWORD, startTlsServer, type TlsServer } from './servers.fixture.ts';

let server: TlsServer;
let stranger: Server;
let silent: Server;
let hangingUp: Server;
beforeAll(async () => {
  server = await startTlsServer();
  stranger = await listening((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  silent = await listening(() => undefined);
  hangingUp = await listening((socket) => socket.destroy());
}, 120_000);
afterAll(async () => {
  for (const one of [stranger, silent, hangingUp]) one.close();
  await server[Symbol.asyncDispose]();
});

function listening(onSocket: (socket: import('node:net').Socket) => void): Promise<Server> {
  return new Promise((resolve) => {
    const one = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => onSocket(socket));
    });
    one.listen(0, '127.0.0.1', () => resolve(one));
  });
}

function portOf(one: Server): number {
  const address = one.address();
  return typeof address === 'object' && address ? address.port : 0;
}

async function failureOf(parts: {
  user?: string;
  password?: string;
  host?: string;
  port?: number;
  database?: string;
  more?: string;
}): Promise<AppError> {
  const {
    user = 'app',
    password = PASSWORD,
    host = '127.0.0.1',
    port = server.port,
    database = 'app',
    more = '',
  } = parts;
  const secret = password === '' ? '' : `:${encodeURIComponent(password)}`;
  const query = `passfile=${encodeURIComponent(join(server.dir, 'none'))}&connect_timeout=2${more && `&${more}`}`;
  const { failure } = await connectByOurClients(`postgres://${user}${secret}@${host}:${port}/${database}?${query}`, {});
  if (failure === null) throw new Error(`${user} came in`);
  expect([failure.message, failure.hint].join()).not.toContain(PASSWORD);
  expect([failure.message, failure.hint].join()).not.toContain('hunter2');
  expect(failure.hint ?? '').not.toBe('');
  return failure;
}

test('each way not to come in is said by its own words, with host, port, user and database, and never the password', async () => {
  const { certificates, port, socketDir } = server;
  await server.present(null);
  const cases: [Parameters<typeof failureOf>[0], string, RegExp][] = [
    [{ port: 1 }, 'DATABASE_UNREACHABLE', /127\.0\.0\.1:1 \(user "app", database "app"\).*nobody answers there/],
    [{ host: 'nowhere.invalid' }, 'DATABASE_UNREACHABLE', /nowhere\.invalid:\d+ .*name (is not known|could not)/],
    [{ port: portOf(silent) }, 'DATABASE_UNREACHABLE', /did not answer in time/],
    [{ port: portOf(stranger) }, 'DATABASE_UNREACHABLE', /no PostgreSQL server/],
    [{ port: portOf(hangingUp) }, 'DATABASE_UNREACHABLE', /closed before the server answered/],
    [{ host: '%2Fnowhere' }, 'DATABASE_UNREACHABLE', /\/nowhere\/\.s\.PGSQL\.\d+ .*no such socket/],
    [{ more: 'sslmode=require' }, 'DATABASE_UNREACHABLE', /does not offer TLS, and sslmode=require needs it/],
    [{ password: 'hunter2' }, 'DATABASE_AUTH_FAILED', /user "app".*password is wrong/],
    [{ password: '' }, 'DATABASE_AUTH_FAILED', /asks for a password of "app".*none is given.*none.*it is not there/],
    [{ user: 'nobody_here' }, 'DATABASE_AUTH_FAILED', /password is wrong, or the role does not exist/],
    [{ user: 'shut_out' }, 'DATABASE_AUTH_FAILED', /pg_hba\.conf does not let it in/],
    [{ user: 'only_tls', more: 'sslmode=disable' }, 'DATABASE_AUTH_FAILED', /pg_hba\.conf does not let it in/],
    [{ user: 'no_login' }, 'DATABASE_AUTH_FAILED', /password is wrong|may not log in/],
    [{ database: 'nothing' }, 'DATABASE_UNREACHABLE', /database "nothing"\).*there is no such database/],
    [{ database: 'closed' }, 'DATABASE_UNREACHABLE', /takes no connections/],
    [{ database: 'private' }, 'PERMISSION_DENIED', /may not connect to this database/],
    [{ user: 'crowded' }, 'DATABASE_UNREACHABLE', /the role has no connection left/],
    [
      { more: 'target_session_attrs=standby' },
      'DATABASE_UNREACHABLE',
      /a primary that takes writes, and target_session_attrs/,
    ],
    [{ more: 'channel_binding=require' }, 'DATABASE_AUTH_FAILED', /not encrypted, and channel_binding=require/],
    [{ more: 'require_auth=md5' }, 'DATABASE_AUTH_FAILED', /asks for the password by scram-sha-256, and require_auth/],
    [{ user: 'by_md5', more: 'require_auth=!password' }, 'DATABASE_AUTH_FAILED', /by password, and require_auth/],
    [{ user: 'trusted', more: 'require_auth=!none' }, 'DATABASE_AUTH_FAILED', /asks for no password, and require_auth/],
    [
      { more: 'sslmode=verify-full&sslrootcert=/nowhere/root.crt' },
      'CONFIG_INVALID',
      /no root certificate \/nowhere\/root\.crt/,
    ],
  ];
  for (const [parts, code, words] of cases) {
    const failure = await failureOf(parts);
    expect([parts, failure.code, failure.message]).toEqual([parts, code, expect.stringMatching(words)]);
    // Nothing more can be shown where the reason is known.
    expect([parts, failure.hint]).toEqual([parts, expect.not.stringContaining('--verbose')]);
  }
  const both = await connectByOurClients(`postgres://app@127.0.0.1:1,nowhere.invalid:${port}/app`, {});
  expect(both.said).toMatch(/None of the 2 servers.*127\.0\.0\.1:1 .*nowhere\.invalid/);
  const folder = await connectByOurClients(
    `postgres://app:${encodeURIComponent(PASSWORD)}@/app?host=${socketDir}&port=${port}&channel_binding=require`,
    {},
  );
  expect(folder.said).toContain('channel_binding=require');

  const strict = `sslmode=verify-full&sslrootcert=${encodeURIComponent(certificates.ca)}`;
  const shown: [keyof typeof certificates, RegExp, RegExp][] = [
    ['selfSigned', /self-signed|not trusted/, /sslrootcert=FILE.*sslmode=no-verify/],
    ['otherName', /for another name/, /sslmode=verify-ca/],
    ['expired', /has expired/, /new certificate/],
  ];
  for (const [name, why, way] of shown) {
    const pair = certificates[name];
    if (typeof pair === 'string') continue;
    await server.present(pair);
    const failure = await failureOf({ host: 'localhost', more: strict });
    expect([name, failure.code, failure.message]).toEqual([name, 'DATABASE_UNREACHABLE', expect.stringMatching(why)]);
    expect(failure.hint).toMatch(way);
    // The advice must work.
    if (name !== 'otherName') expect((await connectByOurClients(reach('no-verify'), {})).arrivals[0]).toMatch(/true$/);
  }
  const wants = await failureOf({ user: 'by_cert', more: 'sslmode=require' });
  expect([wants.code, wants.message]).toEqual([
    'DATABASE_AUTH_FAILED',
    expect.stringMatching(/wants a client certificate/),
  ]);
}, 120_000);

function reach(sslmode: string): string {
  return `postgres://app:${encodeURIComponent(PASSWORD)}@localhost:${server.port}/app?sslmode=${sslmode}&sslrootcert=${encodeURIComponent(server.certificates.ca)}`;
}

test('sslnegotiation=direct speaks TLS from the first byte, and is refused below sslmode=require', async () => {
  await server.present(server.certificates.trusted);
  expect((await connectByOurClients(`${reach('verify-full')}&sslnegotiation=direct`, {})).arrivals).toEqual([
    `app|app|${server.port}|true`,
    `app|app|${server.port}|true`,
  ]);
  expect((await connectByOurClients(`${reach('prefer')}&sslnegotiation=direct`, {})).said).toContain(
    'needs sslmode=require',
  );
  await server.present(null);
  expect((await connectByOurClients(`${reach('require')}&sslnegotiation=direct`, {})).arrivals).toEqual([null, null]);
}, 60_000);

test('sslrootcert=system trusts the authorities of this machine, which this one is not, and needs verify-full', async () => {
  await server.present(server.certificates.trusted);
  const system = `postgres://app:${encodeURIComponent(PASSWORD)}@localhost:${server.port}/app?sslrootcert=system`;
  expect((await connectByOurClients(system, {})).said).toContain('not trusted');
  expect((await connectByOurClients(`${system}&sslmode=require`, {})).said).toContain('needs sslmode=verify-full');
}, 60_000);

test('a password file that others may read is not used, and said to be why none is given', async () => {
  await server.present(null);
  const file = join(server.dir, 'open-passwords');
  await writeFile(file, `*:*:*:*:${PASSWORD.replaceAll(/[\\:]/g, '\\$&')}\n`);
  await chmod(file, 0o640);
  const text = `postgres://app@localhost:${server.port}/app?passfile=${encodeURIComponent(file)}`;
  expect((await connectByOurClients(text, {})).said).toMatch(
    /password file .*open-passwords gave none: others may read it/,
  );
  await chmod(file, 0o600);
  expect((await connectByOurClients(text, {})).arrivals[0]).not.toBeNull();
}, 60_000);
