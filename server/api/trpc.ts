import { initTRPC, type TRPCError } from '@trpc/server';
import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY } from '@trpc/server/rpc';
import { AppError, type FailureBody, failureBody } from '../core/errors.ts';
import { statusOf, trpcCodeOf } from '../http/status.ts';
import { authorize, sessionOnly } from '../security/caller.ts';
import { rateKeyOf } from '../security/rate-key.ts';
import { rightOf } from '../security/rights.ts';
import type { ApiContext, AuditNote } from './context.ts';
import { appErrorOf, retryAfterSeconds } from './errors.ts';
import { type LimitClass, limitOf, MAX_STREAM_MS } from './limits.ts';
import type { ApiParts } from './parts.ts';

/** Settings of a procedure; who may call it is in `security/rights.ts`. */
export interface ProcedureMeta {
  /** Absent: `api` for queries, `change` for mutations. */
  limit?: LimitClass;
  /**
   * Absent: mutations are always audited, queries only when denied. `required`: without its audit row there is no
   * response.
   */
  audit?: 'always' | 'required' | 'denied';
}

const DENIALS = new Set(['UNAUTHENTICATED', 'FORBIDDEN', 'STEP_UP_REQUIRED']);

export type TrpcParts = Pick<ApiParts, 'audit' | 'throttle' | 'now'>;
export type Trpc = ReturnType<typeof createTrpc>;

/**
 * Creates the router, the base procedure of all others, and the shape of responses. The procedure consumes the caller's
 * rate, checks the right, and only then reads the input; afterwards it writes the audit row. One missing in
 * `security/rights.ts` refuses everybody.
 */
export function createTrpc(parts: TrpcParts) {
  const t = initTRPC
    .context<ApiContext>()
    .meta<ProcedureMeta>()
    .create({
      // Never a stack, whatever NODE_ENV says.
      isDev: false,
      sse: {
        ping: { enabled: true, intervalMs: 3000 },
        client: { reconnectAfterInactivityMs: 10_000 },
        maxDurationMs: MAX_STREAM_MS,
      },
      jsonl: { contentType: 'application/jsonl', pingMs: 3000 },
      errorFormatter: ({ error, shape, ctx }) => failureShape(error, shape.data, ctx?.requestId, parts.now()),
    });

  const procedure = t.procedure.use(async function guard({
    ctx,
    meta = {},
    path,
    type,
    signal = new AbortController().signal,
    next,
  }) {
    const right = rightOf(path);
    if (!right)
      throw new AppError('FORBIDDEN', `Nothing says who may call the procedure ${path}.`, {
        hint: 'That is a fault of this program: report it with its version.',
      });
    const note: AuditNote = {};
    let failure: AppError | null = null;
    try {
      await parts.throttle.consume(limitOf(ctx.caller, type, meta.limit), rateKeyOf(ctx.caller));
      authorize(ctx.caller, right, parts.now());
      // Aborts when the caller is gone; in a call from within, without a signal, it never does.
      const result = await next({ ctx: { ...ctx, note, signal } });
      if (!result.ok) failure = appErrorOf(result.error, ctx.requestId);
      return result;
    } catch (error) {
      failure = appErrorOf(error, ctx.requestId);
      throw failure;
    } finally {
      const seconds = retryAfterSeconds(failure);
      if (seconds !== null) ctx.resHeaders.set('Retry-After', String(seconds));
      if (isAudited(meta, type, failure)) {
        const required = meta.audit === 'required' && failure === null;
        await record(parts.audit, ctx, path, note, failure, required);
      }
    }
  });

  /** Wraps data in the shape of every response. */
  const ok = <Data>(data: Data) => ({ success: true as const, data, timestamp: parts.now().toISOString() });

  return { router: t.router, procedure, ok };
}

/** Returns whether an attempt gets an audit row. Those over the rate do not, or a flood would fill the audit. */
function isAudited(meta: ProcedureMeta, type: string, failure: AppError | null): boolean {
  if (failure?.code === 'RATE_LIMITED') return false;
  if (failure !== null && DENIALS.has(failure.code)) return true;
  return (meta.audit ?? (type === 'mutation' ? 'always' : 'denied')) !== 'denied';
}

async function record(
  audit: TrpcParts['audit'],
  ctx: ApiContext,
  action: string,
  note: AuditNote,
  failure: AppError | null,
  required: boolean,
): Promise<void> {
  const { actor = ctx.caller.actor, ...rest } = note;
  const outcome = failure === null ? 'allowed' : DENIALS.has(failure.code) ? 'denied' : 'failed';
  try {
    await audit.append({
      actor,
      address: ctx.caller.address,
      action,
      outcome,
      ...(failure && { code: failure.code }),
      requestId: ctx.requestId,
      ...rest,
    });
  } catch (error) {
    // A change cannot be undone, so its missing audit row is at least logged. A result that was only read can be
    // withheld.
    ctx.log.error({ action, actor, outcome, error }, 'the audit could not be written');
    if (required) throw notRecorded();
  }
}

function notRecorded(): AppError {
  return new AppError('DATABASE_UNREACHABLE', 'Looking at this is recorded, and the record cannot be written now.', {
    hint: 'Try again when the database answers.',
  });
}

function failureShape(
  error: TRPCError,
  own: { code: TRPC_ERROR_CODE_KEY; httpStatus: number },
  requestId: string | undefined,
  now: Date,
) {
  const known = appErrorOf(error, requestId);
  // A wrong method or content type keeps tRPC's status for it.
  const ours = error.cause instanceof AppError || known.code === 'UNEXPECTED';
  const httpStatus: number = ours ? statusOf(known.code) : own.httpStatus;
  const code = ours ? trpcCodeOf(httpStatus) : own.code;
  const backup: FailureBody = failureBody(known, now);
  return { message: backup.error.message, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus, backup } };
}

/** Returns the caller as a session; throws FORBIDDEN for a token. Use in procedures whose right is for sessions. */
export function sessionOf(ctx: ApiContext) {
  if (ctx.caller.kind !== 'session') throw sessionOnly();
  return ctx.caller;
}
