import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createSignal, Show } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { focusInvalidField } from '../../lib/input/focus-invalid-field.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { createIdempotencyKey } from '../../lib/server/idempotency-key.ts';
import { showStarted } from '../../lib/server/queries.ts';
import { createStepUp } from '../../lib/step-up/step-up.ts';
import { restoreWords } from '../../strings/restore.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Field } from '../../ui/forms/field.tsx';
import { StepUpField } from '../../ui/forms/step-up-field.tsx';

import { type AdministratorChanges, administratorChanges, ConfirmAdministrators } from './confirm-administrators.tsx';

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
  const stepUp = createStepUp();
  stepUp.reset();
  const [typed, setTyped] = createSignal('');
  const [submitted, setSubmitted] = createSignal(false);
  const key = createIdempotencyKey();
  /** The server's question about people who would become administrators, and the answer. */
  const [asked, setAsked] = createSignal<AdministratorChanges | null>(null);
  const [known, setKnown] = createSignal(false);
  const confirmed = () => (known() ? asked()?.confirmation : undefined);
  const start = useMutation(() => ({
    async mutationFn() {
      await stepUp.send();
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
      showStarted(client, operation);
      announce(w.started);
      props.onStarted(operation);
    },
    onError(error: unknown) {
      key.failed(error);
      setAsked(administratorChanges(failureOf(error).details) ?? asked());
      setKnown(false);
      stepUp.onError(error);
      setSubmitted(false);
    },
  }));
  const matches = () => typed().trim() === props.database;
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    focusInvalidField(event);
    if (!matches() || stepUp.isMissing() || start.isPending || (asked() && !known())) return;
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
          error={submitted() && !matches() ? w.databaseWrong : null}
        />
        <Show when={asked()}>
          {(people) => <ConfirmAdministrators of={people()} known={known()} onKnown={setKnown} />}
        </Show>
        <StepUpField of={stepUp} label={w.password} submitted={submitted()} />
        <Button type="submit" variant="danger" busy={start.isPending}>
          {start.isPending ? w.busy : w.submit}
        </Button>
      </form>
    </Card>
  );
}
