import type { Manifest } from './manifest.ts';

/** The database a backup was made of, as far as the backup says. */
export interface Origin {
  /** Hosts and ports as the maker reached them; null for a socket of the maker's machine, and where nothing is said. */
  host: string | null;
  database: string | null;
  systemIdentifier: string | null;
}

/** Reads where an archive comes from. One made of a document comes from where the document says, not from who accepted it. */
export function originOf({ kind, metadata, server }: Pick<Manifest, 'kind' | 'metadata' | 'server'>): Origin {
  const said = originInUrl(metadata.databaseUrl);
  if (kind === 'uploaded') return said;
  return { host: said.host, database: server.database, systemIdentifier: server.systemIdentifier ?? null };
}

/** Reads where a backup comes from out of its masked address. */
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

/** `hrms at db.example:5432`; without a host, which server it was by its system identifier. Null where nothing is known. */
export function originText({ host, database, systemIdentifier }: Origin): string | null {
  if (database === null) return null;
  const server = systemIdentifier === null ? '' : ` on server ${systemIdentifier}`;
  return `${database}${host === null ? server : ` at ${host}`}`;
}

/** Compares where a backup comes from with a database: `unknown` when the backup does not say enough. */
export function compareOrigin(from: Origin, here: Origin): 'same' | 'other' | 'unknown' {
  if (from.database === null) return 'unknown';
  if (from.database !== here.database) return 'other';
  if (from.systemIdentifier !== null && here.systemIdentifier !== null)
    return from.systemIdentifier === here.systemIdentifier ? 'same' : 'other';
  return from.host !== null && from.host === here.host ? 'same' : 'unknown';
}
