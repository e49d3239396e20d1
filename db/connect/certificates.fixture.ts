import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Paths of certificates of a small authority of our own, made by `openssl`. */
export interface Certificates {
  ca: string;
  otherCa: string;
  /** A certificate for localhost and 127.0.0.1. */
  trusted: KeyPair;
  selfSigned: KeyPair;
  otherName: KeyPair;
  expired: KeyPair;
  /** A client's certificate, with the common name `by_cert`. */
  client: KeyPair;
  /** The client's certificate with its key encrypted by `passphrase`. */
  locked: KeyPair;
}

export interface KeyPair {
  cert: string;
  key: string;
}

/** A key of an elliptic curve: finding primes for RSA takes thirty times as long. */
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const HERE = 'subjectAltName=DNS:localhost,IP:127.0.0.1';

export async function makeCertificates(dir: string): Promise<Certificates> {
  const ca = await selfSigned(dir, 'ca', '/CN=Test authority', 'basicConstraints=critical,CA:TRUE');
  const other = await selfSigned(dir, 'other-ca', '/CN=Another authority', 'basicConstraints=critical,CA:TRUE');
  const client = await signed(dir, 'client', '/CN=by_cert', 'extendedKeyUsage=clientAuth', ca, 30);
  const locked = join(dir, 'locked.key');
  await openssl(['pkey', '-aes256', '-passout', 'pass:opensesame', '-in', client.key, '-out', locked]);
  return {
    ca: ca.cert,
    otherCa: other.cert,
    trusted: await signed(dir, 'trusted', '/CN=localhost', HERE, ca, 30),
    selfSigned: await selfSigned(dir, 'self-signed', '/CN=localhost', HERE),
    otherName: await signed(dir, 'other-name', '/CN=db.example', 'subjectAltName=DNS:db.example', ca, 30),
    expired: await signed(dir, 'expired', '/CN=localhost', HERE, ca, -1),
    client,
    locked: { cert: client.cert, key: locked },
  };
}

async function selfSigned(dir: string, name: string, subject: string, extension: string): Promise<KeyPair> {
  const pair = pairIn(dir, name);
  const files = ['-keyout', pair.key, '-out', pair.cert];
  await openssl(['req', '-x509', ...NEW_KEY, '-days', '30', ...files, '-subj', subject, '-addext', extension]);
  return pair;
}

async function signed(
  dir: string,
  name: string,
  subject: string,
  extension: string,
  by: KeyPair,
  days: number,
): Promise<KeyPair> {
  const pair = pairIn(dir, name);
  const request = join(dir, `${name}.csr`);
  const extensions = join(dir, `${name}.ext`);
  await openssl(['req', ...NEW_KEY, '-keyout', pair.key, '-out', request, '-subj', subject]);
  await writeFile(extensions, `${extension}\n`);
  const authority = ['-CA', by.cert, '-CAkey', by.key, '-CAcreateserial'];
  await openssl([
    'x509',
    '-req',
    '-in',
    request,
    ...authority,
    '-days',
    String(days),
    '-extfile',
    extensions,
    '-out',
    pair.cert,
  ]);
  return pair;
}

function pairIn(dir: string, name: string): KeyPair {
  return { cert: join(dir, `${name}.crt`), key: join(dir, `${name}.key`) };
}

async function openssl(words: string[]): Promise<void> {
  const child = Bun.spawn(['openssl', ...words], { stdout: 'ignore', stderr: 'pipe' });
  const said = await new Response(child.stderr).text();
  if ((await child.exited) !== 0) throw new Error(`openssl ${words[0]}: ${said}`);
}
