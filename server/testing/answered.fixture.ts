import { BackupError } from '../client/error.ts';

/** Returns what a call of the typed client failed with; fails when it did not, or failed with something else. */
export async function answeredFailure(call: Promise<unknown>): Promise<BackupError> {
  const outcome = await call.then(
    () => null,
    (error: unknown) => error,
  );
  if (outcome instanceof BackupError) return outcome;
  throw outcome ?? new Error('it was not refused');
}

/** Returns the code of what a call of the typed client failed with, or null when it did not fail. */
export async function answeredCode(call: Promise<unknown>): Promise<string | null> {
  return await call.then(
    () => null,
    async () => (await answeredFailure(call)).code,
  );
}
