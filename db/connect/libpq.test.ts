import { afterAll, beforeAll, describe, expect, test } from 'bun:test';
import { chmod, copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { campaign } from '../testing/campaign.fixture.ts';
import { connectByOurClients, connectByPsql } from './libpq.fixture.ts';
import { PASSWORD, startTlsServer, type TlsServer } from './servers.fixture.ts';

let server: TlsServer;
beforeAll(async () => {
  server = await startTlsServer();
}, 120_000);
afterAll(async () => {
  await server[Symbol.asyncDispose]();
});

/** Certificates with which each sign-in rule is tried; the rules do not depend on what is wrong with a certificate. */
const SIGN_IN_RULES = ['none', 'trusted'];
const MODES = ['disable', 'allow', 'prefer', 'require', 'verify-ca', 'verify-full'];

/** Expects psql and ours to arrive at the same place, or both to fail. */
async function compare(text: string | null, env: Record<string, string> = {}): Promise<string | null> {
  const [psql, ours] = [await connectByPsql(text, env), await connectByOurClients(text, env)];
  expect({ text, env, arrivals: ours.arrivals, said: ours.said, psql: psql.said }).toMatchObject({
    arrivals: [psql.arrival, psql.arrival],
  });
  return psql.arrival;
}

function url(user: string, parameters: Record<string, string>, host = 'localhost'): string {
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${encodeURIComponent(value)}`);
  return `postgres://${user}:${encodeURIComponent(PASSWORD)}@${host}:${server.port}/app?${query.join('&')}`;
}

describe('a connection comes out where psql comes out with the same string', () => {
  for (const [turn, shown] of (['none', 'trusted', 'selfSigned', 'otherName', 'expired'] as const).entries()) {
    test(`every sslmode, root certificate and way of signing in, server certificate: ${shown}`, async () => {
      const { certificates } = server;
      await server.present(shown === 'none' ? null : certificates[shown]);
      const arrived = new Set<string | null>();
      const roots = [null, certificates.ca, certificates.otherCa, certificates.selfSigned.cert];
      for (const [at, sslmode] of MODES.entries())
        for (const [place, root] of roots.entries()) {
          // Each mode with each root, alternating between the certificates; all of them in a campaign.
          if (campaign((turn + at + place) % 2, 0) === 1) continue;
          for (const user of [
            'app',
            ...(root === certificates.ca && SIGN_IN_RULES.includes(shown)
              ? ['only_tls', 'only_plain', 'by_cert', 'shut_out']
              : []),
          ])
            arrived.add(await compare(url(user, { sslmode, ...(root && { sslrootcert: root }) })));
        }
      // Some must connect and some fail, or nothing would be compared.
      expect(arrived.size).toBeGreaterThan(2);
      expect(arrived).toContain(null);
    }, 240_000);
  }
});

describe('the same for where things are said', () => {
  beforeAll(async () => {
    await server.present(server.certificates.trusted);
  });

  test('client certificates: given, missing, with a locked or open key, not to be sent', async () => {
    const { ca, client, locked, trusted } = server.certificates;
    const open = join(server.dir, 'open.key');
    await copyFile(client.key, open);
    await chmod(open, 0o644);
    const base = { sslmode: 'verify-full', sslrootcert: ca };
    const outcomes = [
      await compare(url('by_cert', { ...base, sslcert: client.cert, sslkey: client.key })),
      await compare(url('by_cert', { ...base, sslcert: locked.cert, sslkey: locked.key, sslpassword: 'opensesame' })),
      await compare(url('by_cert', { ...base, sslcert: locked.cert, sslkey: locked.key, sslpassword: 'wrong' })),
      await compare(url('by_cert', { ...base, sslcert: client.cert, sslkey: open })),
      await compare(url('by_cert', { ...base, sslcert: client.cert, sslkey: trusted.key })),
      await compare(url('by_cert', { ...base, sslcert: client.cert, sslkey: '/nowhere' })),
      await compare(url('app', { ...base, sslcert: client.cert, sslkey: client.key })),
    ];
    expect(outcomes.map((outcome) => outcome !== null)).toEqual([true, true, false, false, false, false, true]);
  }, 60_000);

  test('channel_binding, over TLS and without, for each way of signing in', async () => {
    for (const channel_binding of ['disable', 'prefer', 'require'])
      for (const sslmode of ['disable', 'require'])
        for (const user of ['app', 'trusted', 'by_md5']) await compare(url(user, { sslmode, channel_binding }));
    expect(await compare(url('app', { sslmode: 'require', channel_binding: 'require' }))).not.toBeNull();
  }, 60_000);

  test('words, several hosts, sockets, addresses, bad values', async () => {
    const { port, socketDir } = server;
    const word = PASSWORD.replaceAll(/['\\]/g, '\\$&');
    const who = `user=app password='${word}' dbname=app`;
    const secret = encodeURIComponent(PASSWORD);
    const arriving = [
      `host=localhost port=${port} ${who}`,
      `  host = 127.0.0.1  port='${port}' ${who} sslmode=prefer`,
      `host=${socketDir} port=${port} ${who} sslmode=verify-full`,
      `host=localhost hostaddr=127.0.0.1 port=${port} ${who}`,
      `hostaddr=127.0.0.1 port=${port} ${who}`,
      `host=localhost,localhost port=1,${port} ${who}`,
      `host=nowhere.invalid,/nowhere,localhost port=${port} ${who}`,
      `postgresql://app:${secret}@nowhere.invalid:${port},127.0.0.1:${port}/app`,
      `postgresql://app:${secret}@127.0.0.1:1,127.0.0.1:${port}/app?target_session_attrs=read-write`,
      `postgresql://app:${secret}@/app?host=${socketDir}&port=${port}`,
      `postgresql://app:${secret}@${encodeURIComponent(socketDir)}:${port}/app`,
      `postgresql:///app?host=localhost&port=${port}&user=app&password=${secret}&options=-c%20work_mem%3D8MB`,
      `postgresql://app:${secret}@localhost:${port}/app?ssl=true`,
      `postgresql://app:${secret}@localhost:${port}/?connect_timeout=3&keepalives=0`,
      `postgresql://other:no@localhost:${port}/app?user=app&password=${secret}`,
    ];
    for (const text of arriving) expect([text, await compare(text)]).not.toEqual([text, null]);
    const failing = [
      `host=localhost,localhost port=1,2,3 ${who}`,
      `host=localhost hostaddr=127.0.0.1,127.0.0.1 port=${port} ${who}`,
      `host=localhost port=${port} ${who} sslmode=sometimes`,
      `host=localhost port=${port} ${who} target_session_attrs=standby`,
      `host=localhost port=${port} ${who} target_session_attrs=read-only`,
      `host=localhost port=${port} ${who} nonsense=1`,
      `host=localhost port=${port} user=app password='unclosed`,
      `host=localhost port ${who}`,
      `postgresql://app:${secret}@localhost:${port}/app?nonsense=1`,
      `postgresql://app:${secret}@localhost:${port}/app?sslmode`,
      `postgresql://app:%zz@localhost:${port}/app`,
      `postgresql://app@localhost:${port}/app`,
      `postgresql://app:${secret}@localhost:port/app`,
      `postgresql://app:wrong@127.0.0.1:${port},127.0.0.1:${port}/app`,
      `host=localhost port=${port} ${who} gssencmode=require`,
      `host=/nowhere port=${port} ${who}`,
    ];
    for (const text of failing) expect([text, await compare(text)]).toEqual([text, null]);
  }, 120_000);

  test('every parameter said by the string, a service or a variable, the password by a file too, in any mixture', async () => {
    const { port, socketDir, certificates } = server;
    const right = { host: 'localhost', port: String(port), user: 'app', dbname: 'app', password: PASSWORD };
    const wrong = { host: socketDir, port: '1', user: 'only_plain', dbname: 'postgres', password: 'wrong' };
    let arrived = 0;
    let seed = 20_261_127;
    const pick = (below: number) => {
      seed = (seed * 48_271) % 2_147_483_647;
      return seed % below;
    };
    const rounds = campaign(20, 80);
    for (let round = 0; round < rounds; round++) {
      const said: Record<'text' | 'service' | 'env', Map<string, string>> = {
        text: new Map(),
        service: new Map(),
        env: new Map(),
      };
      const asUri = pick(2) === 0;
      for (const [name, value] of Object.entries(right)) {
        // Each value is right in one place, and often wrong in one of lower precedence.
        const order = ['text', 'service', 'env'] as const;
        const at = pick(name === 'password' ? 4 : 3);
        // Without a host we also try a server on this machine by TCP, which psql does not.
        if (name !== 'host' && pick(12) === 0) continue;
        const place = order[at];
        if (place) said[place].set(name, value);
        for (const below of order.slice(at + 1))
          if (pick(2) === 0) said[below].set(name, wrong[name as keyof typeof wrong]);
      }
      if (pick(2) === 0)
        said[(['text', 'service', 'env'] as const)[pick(3)] ?? 'env'].set(
          'sslmode',
          MODES[pick(MODES.length)] ?? 'prefer',
        );
      if (pick(2) === 0)
        said[(['text', 'service', 'env'] as const)[pick(3)] ?? 'env'].set('sslrootcert', certificates.ca);
      const serviceFile = join(server.dir, 'services.conf');
      await Bun.write(
        serviceFile,
        `# ours\n[other]\nhost=nowhere\n[mine]\n${[...said.service].map(([name, value]) => `${name}=${value}\n`).join('')}[last]\nport=2\n`,
      );
      const passFile = join(server.dir, 'passwords');
      const escaped = PASSWORD.replaceAll(/[\\:]/g, '\\$&');
      const lines = [
        `*:1:*:*:wrong`,
        `localhost:${port}:nothing:app:wrong`,
        `localhost:*:app:app:${escaped}`,
        `${socketDir}:${port}:*:*:${escaped}`,
      ];
      await rm(passFile, { force: true });
      await Bun.write(passFile, lines.join('\n'));
      await chmod(passFile, pick(5) === 0 ? 0o644 : 0o600);
      const named: Record<string, string> = {
        host: 'PGHOST',
        port: 'PGPORT',
        user: 'PGUSER',
        dbname: 'PGDATABASE',
        password: 'PGPASSWORD',
        sslmode: 'PGSSLMODE',
        sslrootcert: 'PGSSLROOTCERT',
      };
      const env: Record<string, string> = { PGPASSFILE: passFile, PGSERVICEFILE: serviceFile };
      for (const [name, value] of said.env) env[named[name] ?? ''] = value;
      if (pick(2) === 0) env.PGSERVICE = 'mine';
      else said.text.set('service', 'mine');
      const text = asUri
        ? `postgresql:///?${[...said.text].map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&')}`
        : [...said.text].map(([name, value]) => `${name}='${value.replaceAll(/['\\]/g, '\\$&')}'`).join(' ');
      if ((await compare(text === '' ? null : text, env)) !== null) arrived++;
    }
    expect(arrived).toBeGreaterThan(rounds / 6);
    expect(arrived).toBeLessThan(rounds);
  }, 240_000);
});
