import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe } from '../server/session.ts';

interface StepUpRequest {
  /** True when the server demands the password, even if it was given recently. */
  always: boolean;
  answer(given: boolean): void;
}

const [stepUpRequest, setStepUpRequest] = createSignal<StepUpRequest | null>(null);

/** The request the step-up dialog shows; null when there is none. */
export { stepUpRequest };

function requestStepUp(always: boolean): Promise<boolean> {
  stepUpRequest()?.answer(false);
  return new Promise((resolve) => {
    setStepUpRequest({
      always,
      answer(given) {
        setStepUpRequest(null);
        resolve(given);
      },
    });
  });
}

/**
 * Returns a function that runs work which gives data away, after asking for the password where needed. It resolves with null when the
 * person declines.
 */
export function useWithStepUp() {
  const me = useMe();
  return async <Done>(work: () => Promise<Done>): Promise<Done | null> => {
    if (needsPassword(me.data, Date.now()) && !(await requestStepUp(false))) return null;
    try {
      return await work();
    } catch (error) {
      if (failureOf(error).code !== 'STEP_UP_REQUIRED') throw error;
    }
    return (await requestStepUp(true)) ? await work() : null;
  };
}
