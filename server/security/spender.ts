import { addressGroup } from './address-group.ts';
import type { Caller } from './caller.ts';

/** Whose rate it is: the administrator's, the token's, or, for who is not known, that of the part of his address he can hardly change. */
export function spenderOf(caller: Caller): string {
  switch (caller.kind) {
    case 'nobody':
      return strangerAt(caller.address);
    case 'session':
      return caller.adminId === null ? `session ${caller.sessionKey}` : `admin ${caller.adminId}`;
    case 'token':
      return `token ${caller.tokenId}`;
    default:
      return caller satisfies never;
  }
}

/** Who that is, whichever token he comes with. */
export function personOf(caller: Caller): string {
  return caller.kind === 'token' ? `admin ${caller.adminId}` : spenderOf(caller);
}

/** The rate of whoever asks from there and is not known. */
export function strangerAt(address: string): string {
  return `address ${addressGroup(address)}`;
}
