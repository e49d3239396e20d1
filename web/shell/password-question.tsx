import { useMutation } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { failureOf } from '../lib/failure.ts';
import { createPasswordAgain } from '../lib/password-again.ts';
import { question } from '../lib/password-first.ts';
import { showFault } from '../lib/show-fault.ts';
import { words } from '../strings.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { Modal, ModalEnd } from '../ui/modal.tsx';
import { PasswordAgainField } from '../ui/password-again.tsx';

/** Asks for the password before data is given away. One for the whole panel: nothing is given away by two presses at once. */
export function PasswordQuestion() {
  const { passwordFirst: w } = words;
  const again = createPasswordAgain();
  const [tried, setTried] = createSignal(false);
  createEffect(
    on(question, (asked) => {
      setTried(false);
      if (asked) again.begin(asked.always);
      give.reset();
    }),
  );
  const give = useMutation(() => ({
    mutationFn: again.give,
    onSuccess: () => question()?.answer(true),
    onError(error: unknown) {
      again.refused(error);
      setTried(false);
    },
  }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    if (again.isMissing() || give.isPending) return;
    give.mutate();
  };
  const decline = () => question()?.answer(false);
  return (
    <Modal open={question() !== null} onClose={decline} title={w.title} lead={w.lead}>
      <form class="space-y-4" novalidate onSubmit={submit}>
        <Show when={give.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <PasswordAgainField of={again} label={w.password} tried={tried()} />
        <ModalEnd>
          <Button onClick={decline}>{words.cancel}</Button>
          <Button type="submit" look="primary" busy={give.isPending}>
            {give.isPending ? w.busy : w.submit}
          </Button>
        </ModalEnd>
      </form>
    </Modal>
  );
}
