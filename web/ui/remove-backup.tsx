import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type BackupInfo } from '../api.ts';
import { announce } from '../lib/announce.ts';
import { removeFromLists } from '../lib/backup-actions.ts';
import { focusInvalidField } from '../lib/input/focus-invalid-field.ts';
import { failureOf } from '../lib/server/failure.ts';
import { keys } from '../lib/server/queries.ts';
import { createStepUp } from '../lib/step-up/step-up.ts';
import { words } from '../strings/shared.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { Field } from './forms/field.tsx';
import { StepUpField } from './forms/step-up-field.tsx';
import { Modal, ModalFooter } from './modal.tsx';

interface RemoveBackupProps {
  /** The backup to delete; null while the dialog is closed. */
  backup: BackupInfo | null;
  onClose: () => void;
  onRemoved?: () => void;
}

/** Deletes a backup for good, after its name was typed and the password just given. */
export function RemoveBackup(props: RemoveBackupProps) {
  const { remove: w } = words;
  const client = useQueryClient();
  const stepUp = createStepUp();
  const [typed, setTyped] = createSignal('');
  const [submitted, setSubmitted] = createSignal(false);
  const name = () => props.backup?.fileName ?? '';
  createEffect(
    on(name, () => {
      setTyped('');
      setSubmitted(false);
      stepUp.reset();
      remove.reset();
    }),
  );

  const remove = useMutation(() => ({
    async mutationFn(id: string) {
      await stepUp.send();
      return (await api.backups.remove.mutate({ id })).data.fileName;
    },
    onSuccess(removed: string) {
      announce(w.done(removed));
      removeFromLists(client, removed);
      props.onClose();
      props.onRemoved?.();
      for (const queryKey of [keys.backups, keys.status]) void client.invalidateQueries({ queryKey });
    },
    onError(error: unknown) {
      stepUp.onError(error);
      setSubmitted(false);
    },
  }));
  const matches = () => typed().trim() === name();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    focusInvalidField(event);
    if (!matches() || stepUp.isMissing() || remove.isPending) return;
    remove.mutate(name());
  };

  return (
    <Modal open={props.backup !== null} onClose={props.onClose} title={w.title} lead={w.lead}>
      <Show when={!props.backup?.pinned} fallback={<p class="text-sm">{w.pinned}</p>}>
        <form class="space-y-4" novalidate onSubmit={submit}>
          <Show when={remove.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
          <Field
            label={w.type(name())}
            value={typed()}
            onInput={setTyped}
            autocomplete="off"
            spellcheck={false}
            error={submitted() && !matches() ? w.wrong : null}
          />
          <StepUpField of={stepUp} label={w.password} submitted={submitted()} />
          <ModalFooter>
            <Button onClick={() => props.onClose()}>{words.cancel}</Button>
            <Button type="submit" variant="danger" busy={remove.isPending}>
              {remove.isPending ? w.busy : w.submit}
            </Button>
          </ModalFooter>
        </form>
      </Show>
    </Modal>
  );
}
