import { createEffect, on, Show } from 'solid-js';
import { failureOf } from '../../lib/server/failure.ts';
import { createStepUpForm } from '../../lib/step-up/step-up-form.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { words } from '../../strings/shared.ts';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { StepUpField } from '../../ui/forms/step-up-field.tsx';
import { Modal } from '../../ui/modal.tsx';

interface RevealDialogProps {
  open: boolean;
  /** The kinds of the hidden columns: `personal and financial`. */
  kinds: string;
  columns: string[];
  /** True when the server demanded the password, even if it was given recently. */
  refused: boolean;
  onClose: () => void;
  onReveal: () => void;
}

/** Asks before columns are revealed: says that it is recorded, and asks for the password. */
export function RevealDialog(props: RevealDialogProps) {
  const form = createStepUpForm({
    async work() {
      props.onClose();
      props.onReveal();
    },
  });
  createEffect(
    on(
      () => props.open,
      () => form.open(props.refused),
    ),
  );
  return (
    <Modal open={props.open} onClose={props.onClose} title={w.revealTitle(props.kinds)} lead={w.revealLead}>
      <form class="space-y-4" novalidate onSubmit={form.submit}>
        <Show when={form.mutation.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <p class="text-sm wrap-anywhere text-soft">{w.columns(props.columns)}</p>
        <StepUpField of={form.stepUp} label={w.password} submitted={form.submitted()} />
        <ButtonRow>
          <Button onClick={() => props.onClose()}>{words.cancel}</Button>
          <Button type="submit" variant="primary" busy={form.mutation.isPending}>
            {form.mutation.isPending ? w.busy : w.submit}
          </Button>
        </ButtonRow>
      </form>
    </Modal>
  );
}
