import { AppError, type ErrorCode } from '../../server/core/errors.ts';

/** Returns the code of an AppError; rethrows any other error. */
export function codeOfError(error: unknown): ErrorCode {
  if (error instanceof AppError) return error.code;
  throw error;
}

/** Returns the code of the AppError that a promise rejects with, or null when it resolves. Rethrows any other error. */
export async function codeOf(work: Promise<unknown>): Promise<string | null> {
  return await work.then(() => null, codeOfError);
}

/** Returns the code of the AppError that `work` throws, or null without an error. Rethrows any other error. */
export function codeThrown(work: () => unknown): ErrorCode | null {
  try {
    work();
    return null;
  } catch (error) {
    return codeOfError(error);
  }
}

/** Returns the AppError a promise rejects with; fails when it resolves or rejects with something else. */
export async function rejection(promise: Promise<unknown>): Promise<AppError> {
  const outcome = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof AppError) return outcome;
  throw outcome ?? new Error('it resolved');
}
