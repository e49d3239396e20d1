import { isOfOtherTools, parameterFault } from './vocabulary.ts';

/** Parameters of a connection string, under PostgreSQL's names. Several hosts or ports are comma-separated lists. */
export type Conninfo = Map<string, string>;

const URI = /^postgres(?:ql)?:\/\//i;

/** A reason why a connection string cannot be used. The message completes "DATABASE_URL …" and repeats no value. */
export class ConninfoFault extends Error {}

/**
 * Parses a connection string as `psql` does: a URI, with several hosts if need be, or `keyword=value` words. Reads no files or variables.
 * Throws a ConninfoFault, also for a parameter that is unknown or cannot be honoured.
 */
export function parseConninfo(text: string): Conninfo {
  const found = parseWords(text);
  for (const [name, value] of found) {
    const fault = parameterFault(name, value);
    if (fault !== null) throw new ConninfoFault(fault);
  }
  return found;
}

const SHAPE =
  'must look like postgres://user:password@host:5432/database, special characters of the password percent-encoded, or like "host=… dbname=… user=…"';

/** Parses a connection string that may come from anybody, and accepts every parameter in it. */
export function parseWords(text: string): Conninfo {
  if (URI.test(text)) return fromUri(text.replace(URI, ''));
  if (/^\s*[a-z_]+\s*=/i.test(text)) return fromWords(text);
  throw new ConninfoFault(SHAPE);
}

function fromUri(rest: string): Conninfo {
  const found: Conninfo = new Map();
  const end = /^[^/@]*@(?:[^/?#@]*@)*/.exec(rest)?.[0].length ?? 0;
  if (end > 0) {
    const credentials = rest.slice(0, end - 1);
    const colon = credentials.indexOf(':');
    put(found, 'user', decoded(colon < 0 ? credentials : credentials.slice(0, colon)));
    if (colon >= 0) put(found, 'password', decoded(credentials.slice(colon + 1)));
  }
  const [, places = '', , path = '', , query] = /^([^/?]*)(\/([^?]*))?(\?(.*))?$/s.exec(rest.slice(end)) ?? [];
  // An unencoded slash in the password ends the host too early: what follows would be shown as the database's name.
  if (path.includes('@') || /[#@\s]/.test(places)) throw new ConninfoFault(SHAPE);
  const hosts: string[] = [];
  const ports: string[] = [];
  for (const place of places.split(',')) {
    const [, bracketed, plain = '', port = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(place) ?? [];
    if (port !== '' && !/^\d{1,5}$/.test(port)) throw new ConninfoFault(SHAPE);
    hosts.push(decoded(bracketed ?? plain));
    ports.push(port);
  }
  if (hosts.some((host) => host !== '')) found.set('host', hosts.join(','));
  if (ports.some((port) => port !== '')) found.set('port', ports.join(','));
  put(found, 'dbname', decoded(path));
  for (const pair of query ? query.replace(/&$/, '').split('&') : []) {
    const [name = '', value, more] = pair.split('=');
    if (value === undefined || more !== undefined) throw new ConninfoFault('has a parameter that is not name=value');
    const key = decoded(name);
    if (isOfOtherTools(key)) continue;
    if (key === 'ssl' && decoded(value) === 'true') found.set('sslmode', 'require');
    else found.set(key, decoded(value));
  }
  return found;
}

function fromWords(text: string): Conninfo {
  const found: Conninfo = new Map();
  const word = /\s*([^\s=]+)\s*=\s*(?:'((?:[^'\\]|\\.)*)'|((?:[^\s'\\]|\\.|(?<=[^\s=])')*))(?=\s|$)\s*/sy;
  while (word.lastIndex < text.length) {
    const pair = word.exec(text);
    if (pair === null)
      throw new ConninfoFault('has a parameter that is not keyword=value, or a quote that is not closed');
    found.set(pair[1] ?? '', (pair[2] ?? pair[3] ?? '').replaceAll(/\\(.)/gs, '$1'));
  }
  return found;
}

function put(found: Conninfo, name: string, value: string): void {
  if (value !== '') found.set(name, value);
}

function decoded(text: string): string {
  if (/%(?![0-9a-f]{2})|%00/i.test(text))
    throw new ConninfoFault('has a % that is not followed by two hexadecimal digits');
  try {
    return decodeURIComponent(text);
  } catch {
    throw new ConninfoFault('has percent-encoded bytes that are not UTF-8');
  }
}
