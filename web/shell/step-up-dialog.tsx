import { createEffect, on } from 'solid-js';
import { createStepUpForm } from '../lib/step-up/step-up-form.ts';
import { stepUpRequest } from '../lib/step-up/with-step-up.ts';
import { words } from '../strings/shared.ts';
import { StepUpForm } from '../ui/forms/step-up-form.tsx';
import { Modal } from '../ui/modal.tsx';

/** Asks for the password before data is given away. One dialog serves the whole panel, so that two presses at once never give data away twice. */
export function StepUpDialog() {
  const { passwordFirst: w } = words;
  const form = createStepUpForm({ work: async () => stepUpRequest()?.answer(true) });
  createEffect(on(stepUpRequest, (asked) => (asked ? form.open(asked.always) : form.reset())));
  const decline = () => stepUpRequest()?.answer(false);
  return (
    <Modal open={stepUpRequest() !== null} onClose={decline} title={w.title} lead={w.lead}>
      <StepUpForm of={form} words={w} onCancel={decline} />
    </Modal>
  );
}
