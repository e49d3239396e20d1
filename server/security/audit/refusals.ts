import { AppError } from '../../core/errors.ts';

/** The reason of a refusal, for the audit alone: the caller gets one answer for all. */
class Reason extends Error {
  override readonly name = 'Reason';
}

/** Returns the reason behind a refused sign-in, for the audit only; undefined for other errors. */
export function reasonOf(error: unknown): string | undefined {
  return error instanceof AppError && error.cause instanceof Reason ? error.cause.message : undefined;
}

/** Errors of refused sign-ins, tokens, links and sessions. */
export const refusals = {
  signIn: (reason: string) =>
    new AppError('UNAUTHENTICATED', 'The e-mail address or the password is wrong.', {
      hint: 'They are those of the HRMS. An account that is not active there is not let in here either.',
      cause: new Reason(reason),
    }),
  stepUp: (reason: string) =>
    new AppError('UNAUTHENTICATED', 'The password is wrong.', {
      hint: 'It is the one you sign in to the HRMS with.',
      cause: new Reason(reason),
    }),
  token: (cause?: unknown) =>
    new AppError('UNAUTHENTICATED', 'The token is not valid.', {
      hint: 'It may have expired or been revoked. Sign in again, or make a new one under Access.',
      cause,
    }),
  link: (cause?: unknown) =>
    new AppError('UNAUTHENTICATED', 'This link is not valid any more, or never was.', {
      hint: 'Ask for a new one: it counts for a few minutes.',
      cause,
    }),
  breakGlass: () =>
    new AppError('UNAUTHENTICATED', 'This one-time link is not valid.', {
      hint: 'It counts once and for ten minutes. Make a new one on the server: bun run scripts/break-glass.ts',
    }),
  sessionEnded: () => new AppError('UNAUTHENTICATED', 'The session has ended.', { hint: 'Sign in again.' }),
  passwordExpired: () =>
    new AppError('FORBIDDEN', 'Your password has expired.', { hint: 'Change it in the HRMS, then sign in here.' }),
  passwordToBeChanged: () =>
    new AppError('FORBIDDEN', 'Your password must be changed before you can work here.', {
      hint: 'It was given to you by somebody else. Change it in the HRMS, then sign in here.',
      details: { mustChangePassword: true },
    }),
  administratorsLocked: () =>
    new AppError('TABLE_BUSY', 'A restore holds the table of administrators, so nobody can be let in.', {
      hint: 'Try again when it is done. Who is signed in stays so.',
    }),
  administratorsLost: () =>
    new AppError('UNAUTHENTICATED', 'The database has no table of administrators to sign in with.', {
      hint: 'Somebody with access to the server makes a one-time way in: bun run scripts/break-glass.ts',
    }),
  noPasswordToGive: () =>
    new AppError('FORBIDDEN', 'A break-glass session has no password, and needs none.', {
      hint: 'What it may do, it may do until it ends.',
    }),
};
