import { AppError, type ErrorCode, unexpected } from '../core/errors.ts';
import { withTimeout } from '../core/timeout.ts';

/** One thing the server needs. */
export interface ReadinessCheck {
  /** Name for `/readyz` and the operator: database, storage, queue. */
  name: string;
  /** Throws an AppError while the thing cannot be used. */
  check(signal: AbortSignal): Promise<void>;
}

/** A check's state by its name. */
export type Readiness = Record<string, 'ok' | ErrorCode>;

/**
 * Runs all checks at once, each for `limitMs` at most; one that takes longer is STALLED. Concurrent calls share the
 * result, because anybody may ask and asking must stay cheap. Never rejects.
 *
 * `onChange` is called with the error when a check begins to fail or fails with another code, and with null when it
 * works again.
 */
export function createReadiness(
  checks: readonly ReadinessCheck[],
  limitMs: number,
  onChange: (name: string, error: AppError | null) => void = () => undefined,
): () => Promise<Readiness> {
  const last: Record<string, Readiness[string]> = {};
  const stateOf = async (one: ReadinessCheck, signal: AbortSignal) => {
    const error = await failureOf(one, signal);
    const state = error?.code ?? 'ok';
    if (state !== (last[one.name] ?? 'ok')) onChange(one.name, error);
    last[one.name] = state;
    return state;
  };
  let underWay: Promise<Readiness> | null = null;
  const ask = async (): Promise<Readiness> => {
    const signal = AbortSignal.timeout(limitMs);
    const states = await Promise.all(checks.map(async (one) => [one.name, await stateOf(one, signal)] as const));
    return Object.fromEntries(states);
  };
  return function readiness() {
    underWay ??= ask().finally(() => {
      underWay = null;
    });
    return underWay;
  };
}

/** Returns the failure that names what is down, or null. The checks' messages are left out, because anybody may ask. */
export function notReady(readiness: Readiness): AppError | null {
  const down = Object.entries(readiness).filter(([, state]) => state !== 'ok');
  const first = down[0]?.[1];
  if (first === undefined || first === 'ok') return null;
  const names = down.map(([name, code]) => `${name} (${code})`).join(', ');
  return new AppError(first, `Not ready: ${names}.`, {
    hint: "The server's log says why.",
    details: { checks: readiness },
  });
}

async function failureOf(one: ReadinessCheck, signal: AbortSignal): Promise<AppError | null> {
  try {
    await withTimeout(signal, `The check of ${one.name} does not end.`, one.check(signal));
    return null;
  } catch (error) {
    return error instanceof AppError ? error : unexpected(error);
  }
}
