import { useMutation } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { failureOf } from '../../lib/failure.ts';
import { createPasswordAgain } from '../../lib/password-again.ts';
import { showFault } from '../../lib/show-fault.ts';
import { words } from '../../strings.ts';
import { rowWords as w } from '../../strings-rows.ts';
import { Button, Buttons } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Modal } from '../../ui/modal.tsx';
import { PasswordAgainField } from '../../ui/password-again.tsx';

interface RevealProps {
  open: boolean;
  /** `personal and financial` */
  kinds: string;
  columns: string[];
  /** The server has asked for the password, whatever is known here. */
  refused: boolean;
  onClose: () => void;
  onReveal: () => void;
}

/** Asks whether columns are really to be shown: says that it is recorded, and asks for the password. */
export function Reveal(props: RevealProps) {
  const again = createPasswordAgain();
  const [tried, setTried] = createSignal(false);
  createEffect(
    on(
      () => props.open,
      () => {
        setTried(false);
        again.begin(props.refused);
        reveal.reset();
      },
    ),
  );
  const reveal = useMutation(() => ({
    mutationFn: again.give,
    onSuccess() {
      props.onClose();
      props.onReveal();
    },
    onError(error: unknown) {
      again.refused(error);
      setTried(false);
    },
  }));
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    if (again.isMissing() || reveal.isPending) return;
    reveal.mutate();
  };
  return (
    <Modal open={props.open} onClose={props.onClose} title={w.revealTitle(props.kinds)} lead={w.revealLead}>
      <form class="space-y-4" novalidate onSubmit={submit}>
        <Show when={reveal.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <p class="text-sm wrap-anywhere text-soft">{w.columns(props.columns)}</p>
        <PasswordAgainField of={again} label={w.password} tried={tried()} />
        <Buttons>
          <Button onClick={() => props.onClose()}>{words.cancel}</Button>
          <Button type="submit" look="primary" busy={reveal.isPending}>
            {reveal.isPending ? w.busy : w.submit}
          </Button>
        </Buttons>
      </form>
    </Modal>
  );
}
