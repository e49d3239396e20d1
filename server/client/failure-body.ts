import type { ErrorCode, FailureBody } from '../core/errors.ts';

/** Returns the failure in the JSON of an answer (`{ error: { code, message, … } }`), or null when there is none. */
export function failureInAnswer(answer: unknown): FailureBody['error'] | null {
  const error = property(answer, 'error');
  const code = property(error, 'code');
  const message = property(error, 'message');
  if (typeof code !== 'string' || typeof message !== 'string') return null;
  const hint = property(error, 'hint');
  const details = property(error, 'details');
  return {
    // A newer server may have codes this client does not know; they are passed on.
    code: code as ErrorCode,
    message,
    timestamp: String(property(error, 'timestamp') ?? ''),
    ...(typeof hint === 'string' && { hint }),
    ...(typeof details === 'object' && details !== null && { details: { ...details } }),
  };
}

/** Returns the failure in the text of an answer, or null when it is not JSON or holds none. */
export function failureInText(text: string): FailureBody['error'] | null {
  try {
    return failureInAnswer(JSON.parse(text));
  } catch {
    return null;
  }
}

/** Returns the failure that tRPC carries in its errors (`data.backup`), or null when there is none. */
export function failureInTrpc(data: unknown): FailureBody['error'] | null {
  return failureInAnswer(property(data, 'backup'));
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null
    ? new Map<string, unknown>(Object.entries(value)).get(key)
    : undefined;
}
