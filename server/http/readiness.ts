import { AppError, type ErrorCode, unexpected } from '../core/errors.ts';
import { withTimeout } from '../core/timeout.ts';

/** One thing the server needs. */
export interface ReadinessCheck {
  /** For `/readyz` and the operator: database, storage, queue. */
  name: string;
  /** Rejects with an AppError while the thing cannot be used. */
  check(signal: AbortSignal): Promise<void>;
}

/** A check's state by its name. */
export type Readiness = Record<string, 'ok' | ErrorCode>;

/**
 * Asks all checks at once, each for `limitMs` at most; a check that is silent for longer is STALLED. Questions that come
 * meanwhile share the answer: anybody may ask, and asking must stay cheap. Never rejects. `onChange` is told why a check fails, once
 * until its code is another one, and with null when it does no longer.
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

/** The failure that says what is down; null when all is well. The words of the checks stay inside: anybody may ask. */
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
