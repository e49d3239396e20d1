import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createSignal, Show } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { showFault } from '../../lib/input/show-fault.ts';
import { createPasswordAgain } from '../../lib/password/password-again.ts';
import { say } from '../../lib/say.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { createOrderKey } from '../../lib/server/order-key.ts';
import { began } from '../../lib/server/queries.ts';
import { restoreWords } from '../../strings/restore.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Field } from '../../ui/forms/field.tsx';
import { PasswordAgainField } from '../../ui/forms/password-again.tsx';

import { type AskedPeople, askedPeople, PeopleChanged } from './people-changed.tsx';

const { restore: w } = restoreWords;

interface RestoreConfirmProps {
  archive: string;
  database: string;
  /** The tables to restore; null for the whole backup. */
  tables: string[] | null;
  /** A sentence on what the restore will have done. */
  lead: string;
  onStarted: (operation: Operation) => void;
}

/** Starts a restore after the database's name was typed and the password just given. */
export function RestoreConfirm(props: RestoreConfirmProps) {
  const client = useQueryClient();
  const again = createPasswordAgain();
  again.begin();
  const [typed, setTyped] = createSignal('');
  const [tried, setTried] = createSignal(false);
  const key = createOrderKey();
  /** The server's question about people who would become administrators, and the answer. */
  const [asked, setAsked] = createSignal<AskedPeople | null>(null);
  const [known, setKnown] = createSignal(false);
  const confirmed = () => (known() ? asked()?.confirmation : undefined);
  const start = useMutation(() => ({
    async mutationFn() {
      await again.give();
      const confirmAdministrators = confirmed();
      const { data } = await api.restores.start.mutate({
        from: { backup: props.archive },
        confirmDatabase: typed().trim(),
        idempotencyKey: key.current,
        ...(confirmAdministrators && { confirmAdministrators }),
        ...(props.tables && { tables: props.tables }),
      });
      return data.operation;
    },
    onSuccess(operation: Operation) {
      began(client, operation);
      say(w.started);
      props.onStarted(operation);
    },
    onError(error: unknown) {
      key.failed(error);
      setAsked(askedPeople(failureOf(error).details) ?? asked());
      setKnown(false);
      again.refused(error);
      setTried(false);
    },
  }));
  const matches = () => typed().trim() === props.database;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    if (!matches() || again.isMissing() || start.isPending || (asked() && !known())) return;
    start.mutate();
  };
  return (
    <Card title={w.confirm}>
      <form class="max-w-md space-y-4" novalidate onSubmit={submit}>
        <Show when={start.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <p class="text-sm font-medium break-words">{props.lead}</p>
        <Field
          label={
            <>
              {w.database} <strong class="font-mono">{props.database}</strong>
            </>
          }
          value={typed()}
          onInput={setTyped}
          autocomplete="off"
          spellcheck={false}
          fault={tried() && !matches() ? w.databaseWrong : null}
        />
        <Show when={asked()}>{(people) => <PeopleChanged of={people()} known={known()} onKnown={setKnown} />}</Show>
        <PasswordAgainField of={again} label={w.password} tried={tried()} />
        <Button type="submit" look="danger" busy={start.isPending}>
          {start.isPending ? w.busy : w.submit}
        </Button>
      </form>
    </Card>
  );
}
