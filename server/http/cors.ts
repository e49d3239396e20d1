const METHODS = 'GET, HEAD, POST, PUT, PATCH, DELETE';
/** Headers of a response that pages of other origins may read, beyond those every page may. */
const EXPOSED = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Location',
  'Retry-After',
  'Tus-Extension',
  'Tus-Max-Size',
  'Tus-Resumable',
  'Tus-Version',
  'Upload-Expires',
  'Upload-Length',
  'Upload-Offset',
  'X-Request-Id',
].join(', ');
const PREFLIGHT_SECONDS = 600;

/**
 * Returns the headers that let a page of another origin read the response; none for an origin that is not allowed.
 * Pure.
 */
export function corsHeaders(request: Request, allowed: readonly string[]): Record<string, string> {
  if (allowed.length === 0) return {};
  const origin = request.headers.get('origin');
  if (origin === null || !allowed.includes(origin)) return { Vary: 'Origin' };
  return {
    Vary: 'Origin',
    'Access-Control-Allow-Origin': origin,
    'Access-Control-Allow-Credentials': 'true',
    'Access-Control-Expose-Headers': EXPOSED,
  };
}

/** Returns whether the request is a browser's preflight. Any other OPTIONS belongs to the routes: tus uses it. */
export function isPreflight(request: Request): boolean {
  return (
    request.method === 'OPTIONS' &&
    request.headers.has('origin') &&
    request.headers.has('access-control-request-method')
  );
}

/**
 * Returns the headers of a preflight's response, besides `corsHeaders`. An origin that is not allowed gets none, which
 * means no. Pure.
 */
export function preflightHeaders(request: Request, allowed: readonly string[]): Record<string, string> {
  const origin = request.headers.get('origin');
  if (origin === null || !allowed.includes(origin)) return {};
  const wanted = request.headers.get('access-control-request-headers') ?? '';
  return {
    'Access-Control-Allow-Methods': METHODS,
    ...(/^[\w\-, ]{1,1000}$/.test(wanted) && { 'Access-Control-Allow-Headers': wanted }),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  };
}
