/** Facts of a request that tell which page sent it. */
export interface RequestOrigin {
  method: string;
  /** `Origin`, which browsers send with every unsafe method. */
  origin: string | null;
  /** `Sec-Fetch-Site`, which no page can forge. */
  fetchSite: string | null;
  /** True when a cookie came along, which the browser adds and not the page. */
  cookie: boolean;
  /** `Authorization`, which no page of another origin can set without a preflight (CORS). */
  authorization: string | null;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Returns whether an unsafe request is allowed: from a page of one of `origins`, from the server's own page, or from a
 * program. A program is recognised by a bearer token, or by having no cookie and none of the headers browsers always
 * send. Pure.
 */
export function isAllowedOrigin(request: RequestOrigin, origins: readonly string[]): boolean {
  if (SAFE.has(request.method)) return true;
  if (/^bearer\s+\S/i.test(request.authorization ?? '')) return true;
  if (request.origin !== null && origins.includes(request.origin)) return true;
  if (request.fetchSite !== null) return request.fetchSite === 'same-origin';
  return request.origin === null && !request.cookie;
}

/**
 * Returns the server's own origins: `publicUrl`, and the request's target when that is not set or the client is on this
 * machine. The `Host` header is the client's word, but all it must prove is that page and server share one name.
 */
export function ownOrigins(
  request: { protocol: 'http' | 'https'; host: string | null; local: boolean },
  publicUrl: string | null,
): string[] {
  const own = publicUrl === null ? [] : [publicUrl];
  if (request.host !== null && (publicUrl === null || request.local)) {
    const asked = `${request.protocol}://${request.host}`;
    if (URL.canParse(asked)) own.push(new URL(asked).origin);
  }
  return own;
}
