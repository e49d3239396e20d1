import { useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type Scope } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { focusInvalidField } from '../../lib/input/focus-invalid-field.ts';
import { type Failure, failureOf } from '../../lib/server/failure.ts';
import { keys, refetchMeIfUnauthenticated } from '../../lib/server/queries.ts';
import { useMe } from '../../lib/server/session.ts';
import { createStepUp } from '../../lib/step-up/step-up.ts';
import { accessWords } from '../../strings/access.ts';
import { words } from '../../strings/shared.ts';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Field, Select } from '../../ui/forms/field.tsx';
import { StepUpField } from '../../ui/forms/step-up-field.tsx';
import { Modal } from '../../ui/modal.tsx';
import { NewToken } from './new-token.tsx';
import { ScopeChoice } from './scope-choice.tsx';

const { make: w, made } = accessWords;
/** The scopes a nightly backup needs. */
const DEFAULT_SCOPES: Scope[] = ['backups:read', 'backups:create', 'operations:read'];

/** Makes a service token after a step-up, and shows it once. The page keeps it nowhere else. */
export function CreateToken(props: { open: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const me = useMe();
  const stepUp = createStepUp();
  const [name, setName] = createSignal('');
  const [days, setDays] = createSignal<keyof typeof w.daysOptions>('90');
  const [scopes, setScopes] = createSignal<Scope[]>(DEFAULT_SCOPES);
  const [submitted, setSubmitted] = createSignal(false);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const [token, setToken] = createSignal<string | null>(null);
  createEffect(
    on(
      () => props.open,
      () => {
        setToken(null);
        setName('');
        setScopes(DEFAULT_SCOPES);
        setSubmitted(false);
        setFailure(null);
        stepUp.reset();
      },
    ),
  );

  // Not a mutation of the query library, which would remember the answer.
  const make = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await stepUp.send();
      const request = { name: name().trim(), scopes: scopes(), expiresInDays: Number(days()) };
      setToken((await api.tokens.create.mutate(request)).data.token);
      announce(made.said);
      void client.invalidateQueries({ queryKey: keys.tokens });
    } catch (error) {
      await refetchMeIfUnauthenticated(client, error);
      setFailure(failureOf(error));
      stepUp.onError(error);
      setSubmitted(false);
    } finally {
      stepUp.clear();
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    focusInvalidField(event);
    const isReady = name().trim() !== '' && scopes().length > 0 && !stepUp.isMissing();
    if (isReady && !busy()) void make();
  };

  return (
    <Modal
      open={props.open}
      onClose={props.onClose}
      blocksLeaving={token() !== null || busy()}
      title={token() === null ? w.title : made.title(name().trim())}
      lead={token() === null ? w.lead : made.lead}
    >
      <Show
        when={token()}
        fallback={
          <form class="space-y-5" novalidate onSubmit={submit}>
            <Show when={failure()}>{(found) => <FailureNotice failure={found()} />}</Show>
            <Field
              label={w.name}
              hint={w.nameHint}
              value={name()}
              onInput={setName}
              maxlength={100}
              autocomplete="off"
              error={submitted() && name().trim() === '' ? w.nameMissing : null}
            />
            <Select label={w.days} value={days()} options={w.daysOptions} onChange={setDays} />
            <ScopeChoice
              chosen={scopes()}
              offered={me.data?.scopes ?? []}
              onChange={setScopes}
              error={submitted() && scopes().length === 0 ? w.scopesMissing : null}
            />
            <StepUpField of={stepUp} label={w.password} submitted={submitted()} />
            <ButtonRow>
              <Button onClick={() => props.onClose()}>{words.cancel}</Button>
              <Button type="submit" variant="primary" busy={busy()}>
                {busy() ? w.busy : w.submit}
              </Button>
            </ButtonRow>
          </form>
        }
      >
        {(shown) => <NewToken token={shown()} onDone={props.onClose} />}
      </Show>
    </Modal>
  );
}
