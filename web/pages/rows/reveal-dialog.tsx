import { createEffect, on } from 'solid-js';
import { createStepUpForm } from '../../lib/step-up/step-up-form.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { StepUpForm } from '../../ui/forms/step-up-form.tsx';
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
      <StepUpForm of={form} words={w} onCancel={props.onClose}>
        <p class="text-sm wrap-anywhere text-soft">{w.columns(props.columns)}</p>
      </StepUpForm>
    </Modal>
  );
}
