import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import tls from 'node:tls';
import { AppError } from '../../server/core/errors.ts';
import type { TlsRequirements } from './address/target.ts';

/** TLS options for Node's sockets. `verified` says whether, and how far, the server must prove its identity. */
export interface TlsSettings {
  options: tls.ConnectionOptions;
  verified: 'nobody' | 'chain' | 'name';
}

/**
 * Reads the certificates a connection needs, with PostgreSQL's meaning of each mode. Uses a root certificate whenever there is one; without
 * it, only the `verify-…` modes refuse. Throws CONFIG_INVALID that names the file.
 */
export async function tlsSettings(requirements: TlsRequirements): Promise<TlsSettings> {
  const ca = requirements.mode === 'no-verify' ? null : await rootCertificates(requirements);
  const own = requirements.certAllowed ? await ownCertificate(requirements) : {};
  const verified = ca === null ? 'nobody' : requirements.mode === 'verify-full' ? 'name' : 'chain';
  return {
    verified,
    options: {
      ...own,
      ...(ca && { ca }),
      ...versions(requirements),
      rejectUnauthorized: verified !== 'nobody',
      // The name in the certificate counts with verify-full only.
      ...(verified !== 'name' && { checkServerIdentity: () => undefined }),
    },
  };
}

async function rootCertificates({ mode, rootCert }: TlsRequirements): Promise<string[] | null> {
  if (rootCert === 'system') return [...tls.getCACertificates('default'), ...tls.getCACertificates('system')];
  const path = rootCert ?? join(homedir(), '.postgresql', 'root.crt');
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' && rootCert === null && !mode.startsWith('verify')) return null;
    if (error.code === 'ENOENT')
      throw new AppError(
        'CONFIG_INVALID',
        `There is no root certificate ${path}, which ${rootCert === null ? `sslmode=${mode}` : 'sslrootcert'} needs.`,
        {
          hint: 'Set sslrootcert=FILE to the certificate of the authority that signed the server’s, or sslmode=verify-full with sslrootcert=system to trust those of this machine.',
          cause: error,
        },
      );
    throw unreadable('root certificate', path, error);
  });
  if (text === null) return null;
  const certificates = text.match(
    /-----BEGIN (?:TRUSTED )?CERTIFICATE-----[\s\S]*?-----END (?:TRUSTED )?CERTIFICATE-----/g,
  );
  if (certificates) return certificates;
  throw new AppError('CONFIG_INVALID', `The root certificate ${path} holds no certificate in PEM form.`, {
    hint: 'sslrootcert must name a file in PEM form. One in DER form is converted by `openssl x509 -inform der -in FILE -out FILE.pem`.',
  });
}

async function ownCertificate(requirements: TlsRequirements): Promise<tls.ConnectionOptions> {
  const folder = join(homedir(), '.postgresql');
  const certPath = requirements.cert ?? join(folder, 'postgresql.crt');
  const cert = await readFile(certPath, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT' && requirements.cert === null) return null;
    if (cause.code === 'ENOENT')
      throw new AppError('CONFIG_INVALID', `There is no client certificate ${certPath}, which sslcert names.`, {
        hint: 'Set sslcert=FILE to a certificate in PEM form, or leave it out when the server asks for none.',
        cause,
      });
    throw unreadable('client certificate', certPath, cause);
  });
  if (cert === null) return {};
  const keyPath = requirements.key ?? join(folder, 'postgresql.key');
  const facts = await stat(keyPath).catch((cause: NodeJS.ErrnoException) => {
    if (cause.code === 'ENOENT') return null;
    throw unreadable('private key', keyPath, cause);
  });
  if (facts === null)
    throw new AppError(
      'CONFIG_INVALID',
      `The client certificate ${certPath} has no private key: there is no ${keyPath}.`,
      {
        hint: 'Set sslkey=FILE to the key of that certificate, or sslcertmode=disable when the server asks for none.',
      },
    );
  if (!facts.isFile())
    throw new AppError('CONFIG_INVALID', `The private key ${keyPath} is not a file.`, {
      hint: 'Set sslkey=FILE to the key of the client certificate.',
    });
  // Root's own key may be group-readable, as PostgreSQL allows it.
  if ((facts.mode & (facts.uid === 0 ? 0o037 : 0o077)) !== 0)
    throw new AppError('CONFIG_INVALID', `The private key ${keyPath} is open to others.`, {
      hint: `Run \`chmod 600 ${keyPath}\`; a key that belongs to root may be 640.`,
    });
  const key = await readFile(keyPath, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    throw unreadable('private key', keyPath, cause);
  });
  try {
    tls.createSecureContext({
      cert,
      key,
      ...(requirements.passphrase !== null && { passphrase: requirements.passphrase }),
    });
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `The client certificate ${certPath} and the key ${keyPath} cannot be used.`, {
      hint: 'They must be in PEM form and belong together; an encrypted key needs sslpassword.',
      cause,
    });
  }
  return { cert, key, ...(requirements.passphrase !== null && { passphrase: requirements.passphrase }) };
}

function unreadable(what: string, path: string, cause: NodeJS.ErrnoException): AppError {
  return new AppError('CONFIG_INVALID', `The ${what} ${path} cannot be read${cause.code ? ` (${cause.code})` : ''}.`, {
    hint:
      cause.code === 'EACCES' || cause.code === 'EPERM'
        ? 'Let the user this program runs as read it and the folders it is in.'
        : 'Name a file in PEM form.',
    cause,
  });
}

const VERSIONS = ['TLSv1', 'TLSv1.1', 'TLSv1.2', 'TLSv1.3'] as const;

function versions({ minVersion, maxVersion }: TlsRequirements): tls.ConnectionOptions {
  const known = (name: string, text: string | null) => {
    const found = VERSIONS.find((version) => version.toLowerCase() === text?.toLowerCase());
    if (text === null || found) return found;
    throw new AppError('CONFIG_INVALID', `${name} must be one of: ${VERSIONS.join(', ')}.`, {
      hint: `Correct ${name} in the connection string, or leave it out.`,
    });
  };
  const max = known('ssl_max_protocol_version', maxVersion);
  return { minVersion: known('ssl_min_protocol_version', minVersion) ?? 'TLSv1.2', ...(max && { maxVersion: max }) };
}
