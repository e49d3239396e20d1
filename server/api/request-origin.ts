import type { ApiContext } from './context.ts';

/** Returns the origin of an operation for its record: panel or service, and the address. */
export function requestOrigin({ caller }: Pick<ApiContext, 'caller'>): string {
  return `${caller.kind === 'token' ? 'service' : 'panel'} at ${caller.address}`;
}
