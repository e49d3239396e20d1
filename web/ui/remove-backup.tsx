import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type BackupInfo } from '../api.ts';
import { dropRemoved } from '../lib/backup-actions.ts';
import { showFault } from '../lib/input/show-fault.ts';
import { createPasswordAgain } from '../lib/password/password-again.ts';
import { say } from '../lib/say.ts';
import { failureOf } from '../lib/server/failure.ts';
import { keys } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './failure-notice.tsx';
import { Field } from './forms/field.tsx';
import { PasswordAgainField } from './forms/password-again.tsx';
import { Modal, ModalEnd } from './modal.tsx';

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
  const again = createPasswordAgain();
  const [typed, setTyped] = createSignal('');
  const [tried, setTried] = createSignal(false);
  const name = () => props.backup?.fileName ?? '';
  createEffect(
    on(name, () => {
      setTyped('');
      setTried(false);
      again.begin();
      remove.reset();
    }),
  );

  const remove = useMutation(() => ({
    async mutationFn(id: string) {
      await again.give();
      return (await api.backups.remove.mutate({ id })).data.fileName;
    },
    onSuccess(removed: string) {
      say(w.done(removed));
      dropRemoved(client, removed);
      props.onClose();
      props.onRemoved?.();
      for (const queryKey of [keys.backups, keys.status]) void client.invalidateQueries({ queryKey });
    },
    onError(error: unknown) {
      again.refused(error);
      setTried(false);
    },
  }));
  const matches = () => typed().trim() === name();
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    if (!matches() || again.isMissing() || remove.isPending) return;
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
            fault={tried() && !matches() ? w.wrong : null}
          />
          <PasswordAgainField of={again} label={w.password} tried={tried()} />
          <ModalEnd>
            <Button onClick={() => props.onClose()}>{words.cancel}</Button>
            <Button type="submit" look="danger" busy={remove.isPending}>
              {remove.isPending ? w.busy : w.submit}
            </Button>
          </ModalEnd>
        </form>
      </Show>
    </Modal>
  );
}
