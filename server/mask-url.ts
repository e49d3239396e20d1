/** Shown in place of an address that cannot be read with certainty. */
export const UNREADABLE_URL = 'postgres://***';

/**
 * A connection string for people, logs and manifests: host, port and database, and nothing else of it. Takes URLs and `key=value` strings;
 * a text that could be read in two ways gives a fixed mask. Never throws.
 */
export function maskDatabaseUrl(text: string): string {
  return fromUrl(text.trim()) ?? fromKeywords(text.trim()) ?? UNREADABLE_URL;
}

function fromUrl(text: string): string | null {
  const [, authority = '', rest = ''] = /^postgres(?:ql)?:\/\/([^/?#]*)(.*)$/is.exec(text) ?? [];
  // An unescaped slash, question or number sign in the password ends the authority too early: the rest then still holds the @.
  if (!/^postgres(ql)?:\/\//i.test(text) || rest.includes('@') || !URL.canParse(text)) return null;
  const url = new URL(text);
  const host = authority === '' || url.hostname === '' ? socketHost(url) : url.hostname;
  return shown(host, url.port, decoded(url.pathname.slice(1)));
}

function fromKeywords(text: string): string | null {
  const word = /([a-z_]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|([^\s'\\]+))(?:\s+|$)/giy;
  const found = new Map<string, string>();
  while (word.lastIndex < text.length) {
    const pair = word.exec(text);
    if (!pair?.[1]) return null;
    found.set(pair[1].toLowerCase(), (pair[2] ?? pair[3] ?? '').replaceAll(/\\(.)/g, '$1'));
  }
  if (found.size === 0) return null;
  const host = found.get('host') ?? found.get('hostaddr') ?? 'localhost';
  return shown(host.startsWith('/') ? '' : host, found.get('port') ?? '', found.get('dbname') ?? '');
}

/** Hosts may stand in the parameters; a socket's folder is not shown. */
function socketHost(url: URL): string {
  const host = url.searchParams.get('host') ?? '';
  return /^[\w.-]+$/.test(host) ? host : '';
}

function shown(host: string, port: string, database: string): string | null {
  const plain = /^[\w.:[\]%-]*$/.test(host) && /^\d*$/.test(port);
  return plain ? `postgres://${host}${port && `:${port}`}/${encodeURIComponent(database)}` : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
