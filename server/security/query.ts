import { createHash } from 'node:crypto';
import { DrizzleQueryError } from 'drizzle-orm';
import { databaseError } from '../../db/failure.ts';

/** Runs statements; a driver's error comes out in our vocabulary. `doing` completes "while …". The wrapper of Drizzle, which repeats parameters, is dropped. */
export async function asking<Result>(doing: string, statements: () => Promise<Result>): Promise<Result> {
  try {
    return await statements();
  } catch (error) {
    throw databaseError(driverError(error), doing);
  }
}

/** What the driver itself threw. */
export function driverError(error: unknown): unknown {
  return error instanceof DrizzleQueryError ? error.cause : error;
}

/** SHA-256 in hex: how secrets stand in our tables. */
export function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
