import { useQueryClient } from '@tanstack/solid-query';
import { createSignal, Show } from 'solid-js';
import { api, type Operation } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { createIdempotencyKey } from '../../lib/server/idempotency-key.ts';
import { showStarted } from '../../lib/server/queries.ts';
import { createStepUpForm } from '../../lib/step-up/step-up-form.ts';
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
  keepBrokenRules: boolean;
  /** Digest of the preview that is shown; null without one. */
  planDigest: string | null;
  /** A sentence on what the restore will have done. */
  lead: string;
  onStarted: (operation: Operation) => void;
}

/** Starts a restore after the database's name was typed and the password just given. */
export function RestoreConfirm(props: RestoreConfirmProps) {
  const client = useQueryClient();
  const [typed, setTyped] = createSignal('');
  const key = createIdempotencyKey();
  /** The server's question about people who would become administrators, and the answer. */
  const [asked, setAsked] = createSignal<AdministratorChanges | null>(null);
  const [known, setKnown] = createSignal(false);
  const [onlyPlanned, setOnlyPlanned] = createSignal(true);
  const confirmed = () => (known() ? asked()?.confirmation : undefined);
  const matches = () => typed().trim() === props.database;
  const form = createStepUpForm({
    isReady: () => matches() && (!asked() || known()),
    async work() {
      const confirmAdministrators = confirmed();
      const { data } = await api.restores.start.mutate({
        from: { backup: props.archive },
        confirmDatabase: typed().trim(),
        idempotencyKey: key.current,
        ...(confirmAdministrators && { confirmAdministrators }),
        ...(props.tables && { tables: props.tables }),
        ...(props.planDigest && onlyPlanned() && { planDigest: props.planDigest }),
        ...(props.keepBrokenRules && { keepBrokenRules: true }),
      });
      showStarted(client, data.operation);
      announce(w.started);
      props.onStarted(data.operation);
    },
    onRefused(error) {
      key.failed(error);
      setAsked(administratorChanges(failureOf(error).details) ?? asked());
      setKnown(false);
    },
  });
  form.open();
  return (
    <Card title={w.confirm}>
      <form class="max-w-md space-y-4" novalidate onSubmit={form.submit}>
        <Show when={form.mutation.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
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
          error={form.submitted() && !matches() ? w.databaseWrong : null}
        />
        <Show when={props.planDigest}>
          <label class="flex items-start gap-3 text-sm">
            <input
              type="checkbox"
              class="size-5 shrink-0"
              checked={onlyPlanned()}
              onChange={(event) => setOnlyPlanned(event.currentTarget.checked)}
            />
            {w.onlyPlanned}
          </label>
        </Show>
        <Show when={asked()}>
          {(people) => <ConfirmAdministrators of={people()} known={known()} onKnown={setKnown} />}
        </Show>
        <StepUpField of={form.stepUp} label={w.password} submitted={form.submitted()} />
        <Button type="submit" variant="danger" busy={form.mutation.isPending}>
          {form.mutation.isPending ? w.busy : w.submit}
        </Button>
      </form>
    </Card>
  );
}
