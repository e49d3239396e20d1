import { AppError } from '../../core/errors.ts';
import { createSemaphore } from '../../core/semaphore.ts';

/** Compares a password with a hash; in production the runtime's own function. */
export type VerifyHash = (password: Uint8Array, hash: string) => Promise<boolean>;

export interface PasswordCheck {
  /**
   * Returns whether the password matches the hash. Without a hash, or with one in an unknown format, returns false
   * after the same work: a stand-in of the kind and cost of `like` is compared.
   *
   * Throws RATE_LIMITED when too many calls wait already; never throws for anything people type or tables hold.
   */
  matches(password: string, hash: string | null, like: string | null): Promise<boolean>;
}

/** Concurrent comparisons. Each may take 64 MB and a whole core for a moment, so only `WAITING` more may wait. */
const CONCURRENT_CHECKS = 2;
const WAITING = 50;
const LONGEST_PASSWORD = 1024;

const BCRYPT = /^\$2[aby]\$(\d\d)\$[./A-Za-z0-9]{53}$/;
const ARGON2ID = /^\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** Rest of a well-formed hash that matches no known password. */
const BCRYPT_BODY = `abcdefghijklmnopqrstuu${'.'.repeat(31)}`;
const ARGON2_BODY = `${'A'.repeat(22)}$${'A'.repeat(43)}`;
/** Stand-in for a table without a single usable hash. */
const USUAL = `$2b$10$${BCRYPT_BODY}`;

const ofTheRuntime: VerifyHash = (password, hash) => Bun.password.verify(password, hash);

/** Creates a check whose callers share one semaphore. */
export function createPasswordCheck(verify: VerifyHash = ofTheRuntime): PasswordCheck {
  const semaphore = createSemaphore(CONCURRENT_CHECKS, { longest: WAITING, full: tooBusy });
  return {
    async matches(password, hash, like) {
      const usable = hash !== null && isUsable(hash);
      const compared = usable ? hash : dummyHash(like);
      const typed = password.length > 0 && password.length <= LONGEST_PASSWORD && !password.includes('\0');
      const bytes = bytesFor(compared, typed ? password : 'none');
      const equal = await semaphore(null, () => verify(bytes, compared).catch(() => false));
      return equal && usable && typed;
    },
  };
}

/** Returns whether a hash has a format of the HRMS, at a cost that does not stop the server. */
function isUsable(hash: string): boolean {
  const bcrypt = BCRYPT.exec(hash);
  if (bcrypt) return Number(bcrypt[1]) >= 4 && Number(bcrypt[1]) <= 16;
  const argon2 = ARGON2ID.exec(hash);
  return (
    argon2 !== null && Number(argon2[1]) <= 262_144 && Number(argon2[2]) <= 20 && between(Number(argon2[3]), 1, 16)
  );
}

/** Returns a hash of the same kind and cost that no password matches. */
function dummyHash(like: string | null): string {
  if (like === null || !isUsable(like)) return USUAL;
  const [, , cost] = like.split('$');
  if (like.startsWith('$2')) return `$2b$${cost}$${BCRYPT_BODY}`;
  return `${like.split('$').slice(0, 4).join('$')}$${ARGON2_BODY}`;
}

/**
 * Encodes a password for a hash. bcrypt as the HRMS runs it reads 72 bytes; the runtime would first hash a longer
 * password and never find it equal.
 */
function bytesFor(hash: string, password: string): Uint8Array {
  const bytes = new TextEncoder().encode(password);
  return hash.startsWith('$2') ? bytes.subarray(0, 72) : bytes;
}

function between(value: number, least: number, most: number): boolean {
  return value >= least && value <= most;
}

function tooBusy(): AppError {
  return new AppError('RATE_LIMITED', 'Too many people sign in at this moment.', {
    hint: 'Try again in a few seconds.',
    details: { retryAfterSeconds: 5 },
  });
}
