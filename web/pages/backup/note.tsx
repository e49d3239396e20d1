import { createSignal, createUniqueId, Show } from 'solid-js';
import type { BackupInfo } from '../../api.ts';
import type { BackupActions } from '../../lib/backup-actions.ts';
import { useMe } from '../../lib/server/session.ts';
import { words } from '../../strings/shared.ts';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';

const MAX_LENGTH = 2000;

/** Shows the note of a backup, with the form that edits it. */
export function Note(props: { backup: BackupInfo; actions: BackupActions }) {
  const id = createUniqueId();
  const me = useMe();
  const [text, setText] = createSignal<string | null>(null);
  let form: HTMLFormElement | undefined;
  let opener: HTMLButtonElement | undefined;
  /** Closes the form; the focus, if inside, goes back to the button that opened it. */
  const close = () => {
    const isInside = form?.contains(document.activeElement);
    setText(null);
    if (isInside) opener?.focus();
  };
  const save = async (event: SubmitEvent) => {
    event.preventDefault();
    await props.actions.setNote(props.backup.fileName, text()?.trim() || null);
    if (!props.actions.failure()) close();
  };
  return (
    <Card
      title={words.backup.note}
      aside={
        <Show when={text() === null && me.data?.scopes.includes('backups:annotate')}>
          <Button ref={opener} onClick={() => setText(props.backup.note ?? '')}>
            {props.backup.note ? words.backup.editNote : words.backup.addNote}
          </Button>
        </Show>
      }
    >
      <Show
        when={text() !== null}
        fallback={<p class="text-sm break-words whitespace-pre-wrap text-soft">{props.backup.note ?? '–'}</p>}
      >
        <form ref={form} onSubmit={(event) => void save(event)}>
          <label for={id} class="sr-only">
            {words.backup.note}
          </label>
          <textarea
            id={id}
            ref={(element) => queueMicrotask(() => element.focus())}
            rows={4}
            maxlength={MAX_LENGTH}
            aria-describedby={`${id}-hint`}
            class="block w-full rounded-lg border border-edge bg-card p-3 text-base sm:text-sm"
            value={text() ?? ''}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <p id={`${id}-hint`} class="mt-1 text-sm text-soft">
            {words.backup.noteHint}
          </p>
          <ButtonRow class="mt-3">
            <Button onClick={close}>{words.cancel}</Button>
            <Button type="submit" variant="primary" busy={props.actions.busy() === 'note'}>
              {words.backup.save}
            </Button>
          </ButtonRow>
        </form>
      </Show>
    </Card>
  );
}
