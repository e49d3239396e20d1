import { chown, copyFile, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Cluster, startCluster } from '../embedded/cluster.ts';
import { BUILTIN_LOCALE, embeddedBinaries } from '../embedded/embedded.ts';
import { quoteLiteral } from '../model/quote.ts';
import { quickVerifier } from '../testing/password.ts';
import { type Certificates, type KeyPair, makeCertificates } from './certificates.fixture.ts';
import { openSession } from './session.ts';

export const PASSWORD = 'let me in: it\\s';

/** Sign-in rules, by the name of each role. Everybody has the same password, and the database `app`. */
const HBA = `
local   all all                       scram-sha-256
hostssl all only_tls     127.0.0.1/32 scram-sha-256
hostnossl all only_plain 127.0.0.1/32 scram-sha-256
hostssl all by_cert      127.0.0.1/32 cert
host    all only_tls,only_plain,by_cert,shut_out all reject
host    all trusted      127.0.0.1/32 trust
host    all by_md5       127.0.0.1/32 password
host    all all          127.0.0.1/32 scram-sha-256
`;

const ROLES = ['only_tls', 'only_plain', 'by_cert', 'shut_out', 'trusted', 'by_md5', 'app'];

/** A test's own server, whose TLS can be changed while it runs. */
export interface TlsServer extends AsyncDisposable {
  readonly port: number;
  /** Folder of its socket. */
  readonly socketDir: string;
  readonly dir: string;
  readonly certificates: Certificates;
  readonly cluster: Cluster;
  /** Presents this certificate from now on; null: no TLS at all. */
  present(pair: KeyPair | null): Promise<void>;
}

export async function startTlsServer(): Promise<TlsServer> {
  const dir = await mkdtemp(join(tmpdir(), 'tls-'));
  const certificates = await makeCertificates(dir);
  const cluster = await startCluster({
    binaries: await embeddedBinaries(),
    dir: join(dir, 'server'),
    password: 'test',
    initArgs: BUILTIN_LOCALE,
    settings: { fsync: 'off', unix_socket_directories: join(dir, 'server') },
  });
  const data = join(dir, 'server', 'data');
  const { uid, gid } = await stat(data);
  const give = async (from: string, name: string) => {
    await copyFile(from, join(data, name));
    await chown(join(data, name), uid, gid);
  };
  await give(certificates.ca, 'root.crt');
  await onServer(cluster, [
    ...ROLES.map((role) => `CREATE ROLE ${role} LOGIN PASSWORD ${quoteLiteral(quickVerifier(PASSWORD))}`),
    'CREATE ROLE no_login PASSWORD NULL',
    `CREATE ROLE crowded LOGIN CONNECTION LIMIT 0 PASSWORD '${PASSWORD}'`,
    'CREATE DATABASE app OWNER app',
    'CREATE DATABASE closed ALLOW_CONNECTIONS false',
    'CREATE DATABASE private',
    'REVOKE CONNECT ON DATABASE private FROM public',
    `ALTER SYSTEM SET ssl_ca_file = 'root.crt'`,
  ]);
  await writeFile(join(data, 'pg_hba.conf'), HBA);
  const present = async (pair: KeyPair | null) => {
    const name = `shown-${crypto.randomUUID().slice(0, 8)}`;
    if (pair) await give(pair.cert, `${name}.crt`);
    if (pair) await give(pair.key, `${name}.key`);
    const shown = pair ? [`ssl_cert_file = '${name}.crt'`, `ssl_key_file = '${name}.key'`] : [];
    const settings = [...shown, `ssl = ${pair ? 'on' : 'off'}`];
    await onServer(cluster, [...settings.map((setting) => `ALTER SYSTEM SET ${setting}`), 'SELECT pg_reload_conf()']);
    const [setting, value] = pair ? ['ssl_cert_file', `${name}.crt`] : ['ssl', 'off'];
    while ((await onServer(cluster, [`SELECT current_setting('${setting}') AS now`]))[0]?.now !== value)
      await Bun.sleep(20);
  };
  await present(null);
  return {
    port: cluster.port,
    socketDir: join(dir, 'server'),
    dir,
    certificates,
    cluster,
    present,
    async [Symbol.asyncDispose]() {
      await cluster.stop();
      await rm(dir, { recursive: true, force: true });
    },
  };
}

export async function onServer(cluster: Cluster, statements: string[]): Promise<Record<string, unknown>[]> {
  const url = `${cluster.adminUrl()}?sslmode=disable`;
  await using session = await openSession(url, { applicationName: 'testing', signal: new AbortController().signal });
  let rows: Record<string, unknown>[] = [];
  for (const statement of statements) rows = await session.query(statement);
  return rows;
}
