import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe, useStepUp } from '../server/session.ts';

/**
 * The password given once more, before something that cannot be taken back. Asked for unless it was given a moment ago, and when the server
 * asks for it after all; what was typed is forgotten with every refusal.
 */
export function createPasswordAgain() {
  const me = useMe();
  const stepUp = useStepUp();
  const [typed, setTyped] = createSignal('');
  const [asks, setAsks] = createSignal(true);
  return {
    /** Whether there is a field to type it in. */
    asks,
    typed,
    setTyped,
    isMissing: () => asks() && typed() === '',
    forget: () => setTyped(''),
    /** Begins, or begins anew; `always` asks whatever is known here. Before it, the password is asked for. */
    begin(always = false) {
      setTyped('');
      setAsks(always || needsPassword(me.data, Date.now()));
    },
    /** Gives it to the server where it is asked for. Throws what the server refuses it with. */
    async give() {
      if (!asks()) return;
      await stepUp(typed());
      setAsks(false);
    },
    /** To be told what the order failed with. */
    refused(error: unknown) {
      setTyped('');
      if (failureOf(error).code === 'STEP_UP_REQUIRED') setAsks(true);
    },
  };
}

export type PasswordAgain = ReturnType<typeof createPasswordAgain>;
