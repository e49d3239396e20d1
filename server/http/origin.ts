/** What of a request tells whose page sent it. */
export interface RequestOrigin {
  method: string;
  /** `Origin`, which browsers send with every unsafe method. */
  origin: string | null;
  /** `Sec-Fetch-Site`, which no page can forge. */
  fetchSite: string | null;
  /** Whether a cookie came along: the browser's own doing, not the page's. */
  cookie: boolean;
  /** `Authorization`; no page of another origin can set it without being asked about first (CORS). */
  authorization: string | null;
}

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Whether an unsafe request may come in: from a page of one of `origins`, from the server's own page, or from a program that is no browser.
 * A program shows itself by a bearer token, or by carrying no cookie and none of the headers browsers always send. Pure.
 */
export function isWelcome(request: RequestOrigin, origins: readonly string[]): boolean {
  if (SAFE.has(request.method)) return true;
  if (/^bearer\s+\S/i.test(request.authorization ?? '')) return true;
  if (request.origin !== null && origins.includes(request.origin)) return true;
  if (request.fetchSite !== null) return request.fetchSite === 'same-origin';
  return request.origin === null && !request.cookie;
}

/**
 * The origins that are the server's own: `publicUrl`, and where the request went when that is not set or the client is on this machine.
 * The `Host` header is the client's word: it proves only that page and server have one name, which is what is asked.
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
