import { TRPCError } from '@trpc/server';
import { ZodError } from 'zod';
import { AppError, failureBody } from '../core/errors.ts';
import { statusOf } from '../http/status.ts';

/** Returns the seconds after which a refused caller may try again; null for any other failure. */
export function retryAfterSeconds(error: unknown): number | null {
  if (!(error instanceof AppError) || error.code !== 'RATE_LIMITED') return null;
  const seconds = error.details?.['retryAfterSeconds'];
  return typeof seconds === 'number' && Number.isFinite(seconds) ? Math.max(1, Math.ceil(seconds)) : 1;
}

/** Turns a failure into the response of a raw route: our shape, its status, `Retry-After` where one is due. */
export function failureResponse(error: unknown, now: Date): Response {
  const body = failureBody(error, now);
  const seconds = retryAfterSeconds(error);
  return Response.json(body, {
    status: statusOf(body.error.code),
    headers: { 'Cache-Control': 'no-store', ...(seconds !== null && { 'Retry-After': String(seconds) }) },
  });
}

const SHOWN_ISSUES = 20;

/**
 * Turns anything thrown in or around a procedure into an error of ours. Foreign errors become UNEXPECTED with a fixed
 * text.
 */
export function appErrorOf(thrown: unknown, requestId?: string): AppError {
  const cause = thrown instanceof TRPCError ? (thrown.cause ?? null) : thrown;
  if (cause instanceof AppError)
    return cause.code === 'UNEXPECTED' ? unforeseen(cause.cause ?? cause, requestId) : cause;
  if (isAbort(cause)) return new AppError('CANCELLED', 'The request was cancelled by its caller.');
  if (!(thrown instanceof TRPCError)) return unforeseen(thrown, requestId);
  switch (thrown.code) {
    case 'PARSE_ERROR':
    case 'BAD_REQUEST':
      return cause instanceof ZodError
        ? inputInvalid(cause)
        : notUnderstood('The request cannot be read as JSON of this API.', cause);
    case 'UNSUPPORTED_MEDIA_TYPE':
      return notUnderstood('The request has a content type this API does not read.', cause);
    case 'METHOD_NOT_SUPPORTED':
      return notUnderstood('This procedure is called with another HTTP method.', cause);
    case 'NOT_FOUND':
      return new AppError('NOT_FOUND', 'There is no such procedure.', {
        hint: 'Client and server may be of different versions.',
      });
    case 'PAYLOAD_TOO_LARGE':
      return new AppError('TOO_LARGE', 'The request is larger than this API reads.', {
        cause,
        hint: 'Ask for less at once, in several requests.',
      });
    default:
      return unforeseen(cause ?? thrown, requestId);
  }
}

/** Returns INPUT_INVALID that names each place and what is wrong there, never the value found. */
function inputInvalid(error: ZodError): AppError {
  const issues = error.issues.slice(0, SHOWN_ISSUES).map((issue) => ({
    path: issue.path.map(String).join('.').slice(0, 200),
    message: issue.message.slice(0, 300),
  }));
  const [first] = issues;
  const where = first?.path ? `${first.path}: ` : '';
  const more = error.issues.length > 1 ? ` (and ${error.issues.length - 1} more)` : '';
  return new AppError(
    'INPUT_INVALID',
    `The input cannot be used. ${where}${first?.message ?? 'It is malformed.'}${more}`,
    {
      hint: 'details.issues lists each place with what is expected there.',
      details: { issues },
    },
  );
}

function notUnderstood(message: string, cause: unknown): AppError {
  return new AppError('INPUT_INVALID', message, {
    cause,
    hint: 'Use the client of this package, or send what it sends: POST with application/json for changes, GET for queries.',
  });
}

function unforeseen(cause: unknown, requestId: string | undefined): AppError {
  return new AppError('UNEXPECTED', 'Something failed that this program did not foresee.', {
    cause,
    hint: 'The server’s log has the cause under the request’s id. Tell whoever runs the server.',
    ...(requestId !== undefined && { details: { requestId } }),
  });
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}
