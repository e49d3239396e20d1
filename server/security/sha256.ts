import { createHash } from 'node:crypto';
import { databaseError } from '../../db/failure.ts';

/** Runs statements; a driver's error comes out in our vocabulary. `doing` completes "while …". */
export async function asking<Result>(doing: string, statements: () => Promise<Result>): Promise<Result> {
  try {
    return await statements();
  } catch (error) {
    throw databaseError(error, doing);
  }
}

/** SHA-256 in hex: how secrets stand in our tables. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
