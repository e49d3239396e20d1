import type { ApiParts } from './parts.ts';
import { createRouter } from './router.ts';

export interface ProcedureFacts {
  path: string;
  type: 'query' | 'mutation' | 'subscription';
  meta: unknown;
}

/** Every procedure there is, as the router itself lists them. */
export function proceduresOf(parts: ApiParts): ProcedureFacts[] {
  const all: Record<string, unknown> = createRouter(parts)._def.procedures;
  return Object.entries(all).map(([path, procedure]) => {
    if (typeof procedure !== 'function' || !('_def' in procedure)) throw new TypeError(`${path} is no procedure`);
    const { type, meta } = procedure._def as { type: ProcedureFacts['type']; meta?: unknown };
    return { path, type, meta };
  });
}
