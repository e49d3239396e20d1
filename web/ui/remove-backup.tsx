import { useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type BackupInfo } from '../api.ts';
import { announce } from '../lib/announce.ts';
import { removeFromLists } from '../lib/backup-actions.ts';
import { keys } from '../lib/server/queries.ts';
import { createStepUpForm } from '../lib/step-up/step-up-form.ts';
import { words } from '../strings/shared.ts';
import { Field } from './forms/field.tsx';
import { StepUpForm } from './forms/step-up-form.tsx';
import { Modal } from './modal.tsx';

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
  const [typed, setTyped] = createSignal('');
  const name = () => props.backup?.fileName ?? '';
  const matches = () => typed().trim() === name();
  const form = createStepUpForm({
    isReady: matches,
    async work() {
      const removed = (await api.backups.remove.mutate({ id: name() })).data.fileName;
      announce(w.done(removed));
      removeFromLists(client, removed);
      props.onClose();
      props.onRemoved?.();
      for (const queryKey of [keys.backups, keys.status]) void client.invalidateQueries({ queryKey });
    },
  });
  createEffect(
    on(name, () => {
      setTyped('');
      form.open();
    }),
  );

  return (
    <Modal open={props.backup !== null} onClose={props.onClose} title={w.title} lead={w.lead}>
      <Show when={!props.backup?.pinned} fallback={<p class="text-sm">{w.pinned}</p>}>
        <StepUpForm of={form} words={w} variant="danger" onCancel={props.onClose}>
          <Field
            label={w.type(name())}
            value={typed()}
            onInput={setTyped}
            autocomplete="off"
            spellcheck={false}
            error={form.submitted() && !matches() ? w.wrong : null}
          />
        </StepUpForm>
      </Show>
    </Modal>
  );
}
