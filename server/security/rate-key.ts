import { addressGroup } from './address-group.ts';
import type { Caller } from './caller.ts';

/** Returns the key of a caller's rate limit: administrator, token, or for an anonymous caller the address group. */
export function rateKeyOf(caller: Caller): string {
  switch (caller.kind) {
    case 'nobody':
      return addressKeyOf(caller.address);
    case 'session':
      return caller.adminId === null ? `session ${caller.sessionKey}` : `admin ${caller.adminId}`;
    case 'token':
      return `token ${caller.tokenId}`;
    default:
      return caller satisfies never;
  }
}

/** Returns the key of the person behind a caller, whichever token is used. */
export function personKeyOf(caller: Caller): string {
  return caller.kind === 'token' ? `admin ${caller.adminId}` : rateKeyOf(caller);
}

/** Returns the key of an anonymous caller's rate limit. */
export function addressKeyOf(address: string): string {
  return `address ${addressGroup(address)}`;
}
