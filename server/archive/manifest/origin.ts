import type { Manifest } from './manifest.ts';

/** The database a backup was made from, as far as the backup says. */
export interface Origin {
  /** Hosts and ports through which the backup was made; null for a local socket, or when nothing is recorded. */
  host: string | null;
  database: string | null;
  systemIdentifier: string | null;
}

/**
 * Returns the database an archive was made from. An archive made from a document has the origin the document names, not
 * the database of whoever accepted it.
 */
export function originOf({ kind, metadata, server }: Pick<Manifest, 'kind' | 'metadata' | 'server'>): Origin {
  const said = originInUrl(metadata.databaseUrl);
  if (kind === 'uploaded') return said;
  return { host: said.host, database: server.database, systemIdentifier: server.systemIdentifier ?? null };
}

/** Reads the origin of a backup from its masked address. */
export function originInUrl(databaseUrl: string): Origin {
  const [, host = '', database = ''] = /^postgres(?:ql)?:\/\/(?:[^/@]*@)?([^/?#]*)\/([^?#]+)/.exec(databaseUrl) ?? [];
  return {
    host: host.includes('*') || host === '' ? null : host,
    database: database === '' ? null : decoded(database),
    systemIdentifier: null,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/**
 * Returns a text like `hrms at db.example:5432`; without a host, the system identifier tells the server. Returns null
 * when nothing is known.
 */
export function originText({ host, database, systemIdentifier }: Origin): string | null {
  if (database === null) return null;
  const server = systemIdentifier === null ? '' : ` on server ${systemIdentifier}`;
  return `${database}${host === null ? server : ` at ${host}`}`;
}

/** Compares the origin of a backup with a database. Returns `unknown` when the backup does not say enough. */
export function compareOrigin(from: Origin, here: Origin): 'same' | 'other' | 'unknown' {
  if (from.database === null) return 'unknown';
  if (from.database !== here.database) return 'other';
  if (from.systemIdentifier !== null && here.systemIdentifier !== null)
    return from.systemIdentifier === here.systemIdentifier ? 'same' : 'other';
  return from.host !== null && from.host === here.host ? 'same' : 'unknown';
}
