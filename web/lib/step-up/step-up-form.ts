import { useMutation } from '@tanstack/solid-query';
import { createSignal } from 'solid-js';
import { focusInvalidField } from '../input/focus-invalid-field.ts';
import { createStepUp } from './step-up.ts';

interface StepUpFormOptions {
  /** Does what the form is for, once the server has accepted the password. Returns nothing, so that no answer is remembered. */
  work: () => Promise<void>;
  /** Called with the refusal of the password or of the work. */
  onRefused?: (error: unknown) => void;
  /** Returns false while another field than the password has to be filled in. */
  isReady?: () => boolean;
}

/** Creates the state of a form whose work needs the password just given. */
export function createStepUpForm({ work, onRefused, isReady = () => true }: StepUpFormOptions) {
  const stepUp = createStepUp();
  const [submitted, setSubmitted] = createSignal(false);
  const mutation = useMutation(() => ({
    async mutationFn() {
      await stepUp.send();
      await work();
      stepUp.clear();
    },
    onError(error: unknown) {
      onRefused?.(error);
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
    open(always = false) {
      reset();
      stepUp.reset(always);
    },
    submit(event: SubmitEvent) {
      event.preventDefault();
      setSubmitted(true);
      focusInvalidField(event);
      if (!isReady() || stepUp.isMissing() || mutation.isPending) return;
      mutation.mutate();
    },
  };
}

export type StepUpFormState = ReturnType<typeof createStepUpForm>;
