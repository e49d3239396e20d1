import { z } from 'zod';
import { AppError } from '../../core/errors.ts';
import { SCOPES, type Scope } from '../caller.ts';

/** Input for a new token. */
export const tokenInput = z.object({
  name: z
    .string()
    .trim()
    .min(1)
    .max(100)
    .regex(/^[^\p{C}]*$/u, { error: 'must not hold control characters' })
    .regex(/^[^-]/, { error: 'must not begin with a hyphen' }),
  scopes: z.array(z.enum(SCOPES)).min(1).max(SCOPES.length),
  expiresInDays: z.int().min(1).max(365),
});

/**
 * Returns the input with its scopes in our order, once each. Throws INPUT_INVALID, and FORBIDDEN for scopes its maker
 * does not have.
 */
export function readTokenInput(input: unknown, makers: ReadonlySet<Scope>): z.infer<typeof tokenInput> {
  const read = tokenInput.safeParse(input);
  if (!read.success) throw invalidInput(read.error);
  const scopes = SCOPES.filter((scope) => read.data.scopes.includes(scope));
  const beyond = scopes.filter((scope) => !makers.has(scope));
  if (beyond.length > 0) throw tooWide(beyond);
  return { ...read.data, scopes };
}

function invalidInput(error: z.ZodError): AppError {
  const faults = error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`);
  return new AppError('INPUT_INVALID', `The token cannot be made: ${faults.join('; ')}.`, {
    hint: 'A name, at least one scope, and 1 to 365 days.',
    details: { faults },
  });
}

function tooWide(beyond: Scope[]): AppError {
  return new AppError('FORBIDDEN', `A token can do no more than its maker; you lack: ${beyond.join(', ')}.`, {
    hint: 'Leave those scopes out.',
    details: { needed: beyond },
  });
}
