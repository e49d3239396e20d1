/** Kinds of routes, few and fixed. Limits and metrics count by them, because paths are endless. */
export const ROUTE_CLASSES = ['trpc', 'bytes', 'page', 'health', 'metrics', 'keys', 'other'] as const;
export type RouteClass = (typeof ROUTE_CLASSES)[number];

const FIXED: Readonly<Record<string, RouteClass>> = {
  '/': 'page',
  '/healthz': 'health',
  '/readyz': 'health',
  '/metrics': 'metrics',
  '/.well-known/jwks.json': 'keys',
};

/** Returns the kind of route that a path belongs to. Pure. */
export function routeClass(path: string): RouteClass {
  if (path === '/trpc' || path.startsWith('/trpc/')) return 'trpc';
  if (path === '/api' || path.startsWith('/api/')) return 'bytes';
  return Object.hasOwn(FIXED, path) ? (FIXED[path] ?? 'other') : 'other';
}
