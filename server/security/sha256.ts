import { createHash } from 'node:crypto';

/** Returns SHA-256 in hex, the form in which our tables hold secrets. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
