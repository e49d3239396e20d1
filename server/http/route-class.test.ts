import { expect, test } from 'bun:test';
import { ROUTE_CLASSES, routeClass } from './route-class.ts';

test('routeClass() knows a path by its beginning, and counts every other as one', () => {
  const of = (...paths: string[]) => paths.map(routeClass);
  expect(of('/trpc', '/trpc/', '/trpc/a.b')).toEqual(['trpc', 'trpc', 'trpc']);
  expect(of('/api', '/api/uploads')).toEqual(['bytes', 'bytes']);
  expect(of('/', '/healthz', '/readyz', '/metrics', '/.well-known/jwks.json')).toEqual([
    'page',
    'health',
    'health',
    'metrics',
    'keys',
  ]);
  expect(of('/trpcx', '/apix', '/__proto__', '/constructor', '', '//', '/healthz/')).toEqual(Array(7).fill('other'));
  expect(new Set(ROUTE_CLASSES).size).toBe(7);
});
