import { useMutation } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { focusInvalidField } from '../input/focus-invalid-field.ts';
import { createStepUp } from './step-up.ts';

/** Creates the state of a form that asks for the password alone. `onAccepted` runs once the server has accepted it. */
export function createStepUpForm(onAccepted: () => void) {
  const stepUp = createStepUp();
  const [submitted, setSubmitted] = createSignal(false);
  const mutation = useMutation(() => ({
    mutationFn: stepUp.send,
    onSuccess: onAccepted,
    onError(error: unknown) {
      stepUp.onError(error);
      setSubmitted(false);
    },
  }));
  const reset = () => {
    setSubmitted(false);
    mutation.reset();
  };
  return {
    stepUp,
    submitted,
    mutation,
    /** Clears the attempt and its error. */
    reset,
    /** Resets the form; call it when it opens. `always` asks even when the password was given recently. */
    open(always: boolean) {
      reset();
      stepUp.reset(always);
    },
    submit(event: SubmitEvent) {
      event.preventDefault();
      setSubmitted(true);
      focusInvalidField(event);
      if (stepUp.isMissing() || mutation.isPending) return;
      mutation.mutate();
    },
  };
}
