import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe, useStepUp } from '../server/session.ts';

/**
 * Creates the state of a step-up field. It asks unless the password was given recently, and whenever the server demands it. Every refusal
 * clears the typed text.
 */
export function createPasswordAgain() {
  const me = useMe();
  const stepUp = useStepUp();
  const [typed, setTyped] = createSignal('');
  const [asks, setAsks] = createSignal(true);
  return {
    /** True while the password field is shown. */
    asks,
    typed,
    setTyped,
    isMissing: () => asks() && typed() === '',
    forget: () => setTyped(''),
    /** Resets the field; call it when its form opens. `always` asks even when the password was given recently. */
    begin(always = false) {
      setTyped('');
      setAsks(always || needsPassword(me.data, Date.now()));
    },
    /** Sends the password to the server if it is asked for. Throws the server's refusal. */
    async give() {
      if (!asks()) return;
      await stepUp(typed());
      setAsks(false);
    },
    /** Call with the error of a refused order. Clears the field, and shows it when the server demands the password. */
    refused(error: unknown) {
      setTyped('');
      if (failureOf(error).code === 'STEP_UP_REQUIRED') setAsks(true);
    },
  };
}

export type PasswordAgain = ReturnType<typeof createPasswordAgain>;
