import { createHash } from 'node:crypto';

/**
 * A year: long enough to count, short enough to survive a mistake. Sub-domains are left out, because they are not ours.
 */
const HSTS = 'max-age=31536000';

/** Headers that a route may set for its own responses; all others are the same everywhere. */
const DEFAULTS_ONLY = new Set(['Cache-Control', 'Content-Security-Policy']);

/** Returns a policy that lets a page load and run nothing but the style sheets that are part of it. */
export function strictPolicy(styles: readonly string[]): string {
  const hashes = styles.map((style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  return [
    "default-src 'none'",
    ...(hashes.length > 0 ? [`style-src ${hashes.join(' ')}`] : []),
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join('; ');
}

/** Returns the headers of every response. `Strict-Transport-Security` only over HTTPS, where browsers heed it. Pure. */
export function secureHeaders(policy: string, protocol: 'http' | 'https'): Record<string, string> {
  return {
    'Cache-Control': 'no-store',
    'Content-Security-Policy': policy,
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=(), payment=(), usb=()',
    'Referrer-Policy': 'no-referrer',
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    ...(protocol === 'https' && { 'Strict-Transport-Security': HSTS }),
  };
}

/**
 * Sets headers on a finished response in place, so that its body is kept, and leaves those a route may decide for
 * itself. Returns the response, or a copy when its headers are immutable, as those of a redirect.
 */
export function withHeaders(response: Response, headers: Readonly<Record<string, string>>): Response {
  return changed(response, (own) => {
    for (const [name, value] of Object.entries(headers)) {
      if (name === 'Vary') addToVary(own, value);
      else if (!DEFAULTS_ONLY.has(name) || !own.has(name)) own.set(name, value);
    }
  });
}

/** Adds a cookie to a response, in the same way. */
export function withCookie(response: Response, cookie: string): Response {
  return changed(response, (own) => own.append('Set-Cookie', cookie));
}

function changed(response: Response, change: (headers: Headers) => void): Response {
  try {
    change(response.headers);
    return response;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const headers = new Headers(response.headers);
    change(headers);
    return new Response(response.body, { status: response.status, headers });
  }
}

function addToVary(headers: Headers, name: string): void {
  const known =
    headers
      .get('vary')
      ?.split(',')
      .map((part) => part.trim().toLowerCase()) ?? [];
  if (!known.includes(name.toLowerCase())) headers.append('Vary', name);
}
