import { useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type Scope } from '../../api.ts';
import { showFault } from '../../lib/input/show-fault.ts';
import { createPasswordAgain } from '../../lib/password/password-again.ts';
import { say } from '../../lib/say.ts';
import { type Failure, failureOf } from '../../lib/server/failure.ts';
import { keys, orderRefused } from '../../lib/server/queries.ts';
import { useMe } from '../../lib/server/session.ts';
import { accessWords } from '../../strings/access.ts';
import { words } from '../../strings/shared.ts';
import { Button, Buttons } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Choice, Field } from '../../ui/forms/field.tsx';
import { PasswordAgainField } from '../../ui/forms/password-again.tsx';
import { Modal } from '../../ui/modal.tsx';
import { ScopeChoice } from './scope-choice.tsx';
import { ShownToken } from './shown-token.tsx';

const { make: w, made } = accessWords;
/** The scopes a nightly backup needs. */
const USUAL: Scope[] = ['backups:read', 'backups:create', 'operations:read'];

/** Makes a service token after a step-up, and shows it once. The page keeps it nowhere else. */
export function MakeToken(props: { open: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const me = useMe();
  const again = createPasswordAgain();
  const [name, setName] = createSignal('');
  const [days, setDays] = createSignal<keyof typeof w.daysOptions>('90');
  const [scopes, setScopes] = createSignal<Scope[]>(USUAL);
  const [tried, setTried] = createSignal(false);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const [token, setToken] = createSignal<string | null>(null);
  createEffect(
    on(
      () => props.open,
      () => {
        setToken(null);
        setName('');
        setScopes(USUAL);
        setTried(false);
        setFailure(null);
        again.begin();
      },
    ),
  );

  // Not a mutation of the query library, which would remember the answer.
  const make = async () => {
    setBusy(true);
    setFailure(null);
    try {
      await again.give();
      const order = { name: name().trim(), scopes: scopes(), expiresInDays: Number(days()) };
      setToken((await api.tokens.create.mutate(order)).data.token);
      say(made.said);
      void client.invalidateQueries({ queryKey: keys.tokens });
    } catch (error) {
      await orderRefused(client, error);
      setFailure(failureOf(error));
      again.refused(error);
      setTried(false);
    } finally {
      again.forget();
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    const isReady = name().trim() !== '' && scopes().length > 0 && !again.isMissing();
    if (isReady && !busy()) void make();
  };

  return (
    <Modal
      open={props.open}
      onClose={props.onClose}
      holds={token() !== null || busy()}
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
              fault={tried() && name().trim() === '' ? w.nameMissing : null}
            />
            <Choice label={w.days} value={days()} options={w.daysOptions} onChange={setDays} />
            <ScopeChoice
              chosen={scopes()}
              offered={me.data?.scopes ?? []}
              onChange={setScopes}
              fault={tried() && scopes().length === 0 ? w.scopesMissing : null}
            />
            <PasswordAgainField of={again} label={w.password} tried={tried()} />
            <Buttons>
              <Button onClick={() => props.onClose()}>{words.cancel}</Button>
              <Button type="submit" look="primary" busy={busy()}>
                {busy() ? w.busy : w.submit}
              </Button>
            </Buttons>
          </form>
        }
      >
        {(shown) => <ShownToken token={shown()} onDone={props.onClose} />}
      </Show>
    </Modal>
  );
}
