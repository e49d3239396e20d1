import { createEffect, on, Show } from 'solid-js';
import { failureOf } from '../lib/server/failure.ts';
import { createStepUpForm } from '../lib/step-up/step-up-form.ts';
import { stepUpRequest } from '../lib/step-up/with-step-up.ts';
import { words } from '../strings/shared.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { StepUpField } from '../ui/forms/step-up-field.tsx';
import { Modal, ModalFooter } from '../ui/modal.tsx';

/** Asks for the password before data is given away. One dialog serves the whole panel, so that two presses at once never give data away twice. */
export function StepUpDialog() {
  const { passwordFirst: w } = words;
  const form = createStepUpForm({ work: async () => stepUpRequest()?.answer(true) });
  createEffect(on(stepUpRequest, (asked) => (asked ? form.open(asked.always) : form.reset())));
  const decline = () => stepUpRequest()?.answer(false);
  return (
    <Modal open={stepUpRequest() !== null} onClose={decline} title={w.title} lead={w.lead}>
      <form class="space-y-4" novalidate onSubmit={form.submit}>
        <Show when={form.mutation.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <StepUpField of={form.stepUp} label={w.password} submitted={form.submitted()} />
        <ModalFooter>
          <Button onClick={decline}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={form.mutation.isPending}>
            {form.mutation.isPending ? w.busy : w.submit}
          </Button>
        </ModalFooter>
      </form>
    </Modal>
  );
}
