import { type Conninfo, parseWords } from './address/conninfo.ts';

/** Shown in place of an address that cannot be read with certainty. */
export const UNREADABLE_URL = 'postgres://***';

/**
 * Returns a connection string for people, logs and manifests: hosts, ports and database only. Accepts URLs and `key=value` strings, and
 * returns a fixed mask for an ambiguous text. Never throws.
 */
export function maskDatabaseUrl(text: string): string {
  // An unescaped question mark or number sign in the password can be taken for the end of the host.
  if (/^[a-z]+:\/\/[^/@]*[?#][^/]*@/i.test(text.trim())) return UNREADABLE_URL;
  let given: Conninfo;
  try {
    given = parseWords(text.trim());
  } catch {
    return UNREADABLE_URL;
  }
  const isUrl = /^postgres(ql)?:/i.test(text.trim());
  const hosts = (given.get('host') || given.get('hostaddr') || (isUrl ? '' : 'localhost')).split(',');
  const ports = (given.get('port') ?? '').split(',');
  const places = hosts.map((host, index) =>
    place(host.trim(), (ports.length > 1 ? ports[index] : ports[0])?.trim() ?? ''),
  );
  if (!places.every((one) => one !== null)) return UNREADABLE_URL;
  return `postgres://${places.join(',')}/${encodeURIComponent(given.get('dbname') ?? '')}`;
}

/** Formats host and port; null for a socket, whose folder is not shown. */
function place(host: string, port: string): string | null {
  const shown = host.startsWith('/') ? '' : host.includes(':') ? `[${host}]` : host;
  return /^[\w.:[\]%-]*$/.test(shown) && /^\d*$/.test(port) ? `${shown}${port && `:${port}`}` : null;
}
