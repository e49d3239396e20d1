import type { ApiContext } from './context.ts';

/** From where an operation was asked for, as its record says it. */
export function originOf({ caller }: Pick<ApiContext, 'caller'>): string {
  return `${caller.kind === 'token' ? 'service' : 'panel'} at ${caller.address}`;
}
