import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe, useStepUp } from '../server/session.ts';

/**
 * Creates the state of a step-up field. It asks unless the password was given recently, and whenever the server demands it. Every refusal
 * clears the typed text.
 */
export function createStepUp() {
  const me = useMe();
  const stepUp = useStepUp();
  const [typed, setTyped] = createSignal('');
  const [isRequired, setRequired] = createSignal(true);
  return {
    /** True while the password field is shown. */
    isRequired,
    typed,
    setTyped,
    isMissing: () => isRequired() && typed() === '',
    clear: () => setTyped(''),
    /** Resets the field; call it when its form opens. `always` asks even when the password was given recently. */
    reset(always = false) {
      setTyped('');
      setRequired(always || needsPassword(me.data, Date.now()));
    },
    /** Sends the password to the server if it is asked for. Throws the server's refusal. */
    async send() {
      if (!isRequired()) return;
      await stepUp(typed());
      setRequired(false);
    },
    /** Call with the error of a refused request. Clears the field, and shows it when the server demands the password. */
    onError(error: unknown) {
      setTyped('');
      if (failureOf(error).code === 'STEP_UP_REQUIRED') setRequired(true);
    },
  };
}

export type StepUp = ReturnType<typeof createStepUp>;
