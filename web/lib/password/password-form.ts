import { useMutation } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { showFault } from '../input/show-fault.ts';
import { createPasswordAgain } from './password-again.ts';

/** Makes the state of a form that asks for the password and for nothing else. `onGiven` follows once the server has taken it. */
export function createPasswordForm(onGiven: () => void) {
  const again = createPasswordAgain();
  const [tried, setTried] = createSignal(false);
  const give = useMutation(() => ({
    mutationFn: again.give,
    onSuccess: onGiven,
    onError(error: unknown) {
      again.refused(error);
      setTried(false);
    },
  }));
  const reset = () => {
    setTried(false);
    give.reset();
  };
  return {
    again,
    tried,
    give,
    /** Forgets that it was tried, and what it failed with. */
    reset,
    /** Begins, or begins anew; `always` asks whatever is known here. */
    begin(always: boolean) {
      reset();
      again.begin(always);
    },
    submit(event: SubmitEvent) {
      event.preventDefault();
      setTried(true);
      showFault(event);
      if (again.isMissing() || give.isPending) return;
      give.mutate();
    },
  };
}
