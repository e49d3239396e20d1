import { createEffect, on, Show } from 'solid-js';
import { question } from '../lib/password/password-first.ts';
import { createPasswordForm } from '../lib/password/password-form.ts';
import { failureOf } from '../lib/server/failure.ts';
import { words } from '../strings/shared.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { PasswordAgainField } from '../ui/forms/password-again.tsx';
import { Modal, ModalEnd } from '../ui/modal.tsx';

/** Asks for the password before data is given away. One dialog serves the whole panel, so that two presses at once never give data away twice. */
export function PasswordQuestion() {
  const { passwordFirst: w } = words;
  const form = createPasswordForm(() => question()?.answer(true));
  createEffect(on(question, (asked) => (asked ? form.begin(asked.always) : form.reset())));
  const decline = () => question()?.answer(false);
  return (
    <Modal open={question() !== null} onClose={decline} title={w.title} lead={w.lead}>
      <form class="space-y-4" novalidate onSubmit={form.submit}>
        <Show when={form.give.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <PasswordAgainField of={form.again} label={w.password} tried={form.tried()} />
        <ModalEnd>
          <Button onClick={decline}>{words.cancel}</Button>
          <Button type="submit" look="primary" busy={form.give.isPending}>
            {form.give.isPending ? w.busy : w.submit}
          </Button>
        </ModalEnd>
      </form>
    </Modal>
  );
}
