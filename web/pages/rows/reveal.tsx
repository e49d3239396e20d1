import { createEffect, on, Show } from 'solid-js';
import { createPasswordForm } from '../../lib/password/password-form.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { words } from '../../strings/shared.ts';
import { Button, Buttons } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { PasswordAgainField } from '../../ui/forms/password-again.tsx';
import { Modal } from '../../ui/modal.tsx';

interface RevealProps {
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
export function Reveal(props: RevealProps) {
  const form = createPasswordForm(() => {
    props.onClose();
    props.onReveal();
  });
  createEffect(
    on(
      () => props.open,
      () => form.begin(props.refused),
    ),
  );
  return (
    <Modal open={props.open} onClose={props.onClose} title={w.revealTitle(props.kinds)} lead={w.revealLead}>
      <form class="space-y-4" novalidate onSubmit={form.submit}>
        <Show when={form.give.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <p class="text-sm wrap-anywhere text-soft">{w.columns(props.columns)}</p>
        <PasswordAgainField of={form.again} label={w.password} tried={form.tried()} />
        <Buttons>
          <Button onClick={() => props.onClose()}>{words.cancel}</Button>
          <Button type="submit" look="primary" busy={form.give.isPending}>
            {form.give.isPending ? w.busy : w.submit}
          </Button>
        </Buttons>
      </form>
    </Modal>
  );
}
