import { useMutation } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { showFault } from '../input/show-fault.ts';
import { createPasswordAgain } from './password-again.ts';

/** Creates the state of a form that asks for the password alone. `onGiven` runs once the server has accepted it. */
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
    /** Clears the attempt and its error. */
    reset,
    /** Resets the form; call it when it opens. `always` asks even when the password was given recently. */
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
