import { useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type Scope } from '../../api.ts';
import { type Failure, failureOf } from '../../lib/failure.ts';
import { keys } from '../../lib/queries.ts';
import { say } from '../../lib/say.ts';
import { needsPassword, useMe, useStepUp } from '../../lib/session.ts';
import { showFault } from '../../lib/show-fault.ts';
import { words } from '../../strings.ts';
import { accessWords } from '../../strings-access.ts';
import { Button } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Choice, Field } from '../../ui/field.tsx';
import { Modal } from '../../ui/modal.tsx';
import { PasswordField } from '../../ui/password-field.tsx';
import { ScopeChoice } from './scope-choice.tsx';
import { ShownToken } from './shown-token.tsx';

const { make: w, made } = accessWords;
/** What a nightly backup needs. */
const USUAL: Scope[] = ['backups:read', 'backups:create', 'operations:read'];

/** Makes a token for a service, from somebody who has just given the password, and shows it once: in the page it is kept nowhere else. */
export function MakeToken(props: { open: boolean; onClose: () => void }) {
  const client = useQueryClient();
  const me = useMe();
  const stepUp = useStepUp();
  const [name, setName] = createSignal('');
  const [days, setDays] = createSignal<keyof typeof w.daysOptions>('90');
  const [scopes, setScopes] = createSignal<Scope[]>(USUAL);
  const [password, setPassword] = createSignal('');
  const [asksPassword, setAsksPassword] = createSignal(true);
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
        setPassword('');
        setTried(false);
        setFailure(null);
        setAsksPassword(needsPassword(me.data, Date.now()));
      },
    ),
  );

  // No mutation of the query library: it would remember what it was answered.
  const make = async () => {
    setBusy(true);
    setFailure(null);
    try {
      if (asksPassword()) {
        await stepUp(password());
        setAsksPassword(false);
      }
      const order = { name: name().trim(), scopes: scopes(), expiresInDays: Number(days()) };
      setToken((await api.tokens.create.mutate(order)).data.token);
      say(made.said);
      void client.invalidateQueries({ queryKey: keys.tokens });
    } catch (error) {
      const found = failureOf(error);
      setFailure(found);
      setTried(false);
      if (found.code === 'STEP_UP_REQUIRED') setAsksPassword(true);
    } finally {
      setPassword('');
      setBusy(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setTried(true);
    showFault(event);
    const isReady = name().trim() !== '' && scopes().length > 0 && !(asksPassword() && password() === '');
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
            <Show when={asksPassword()}>
              <PasswordField
                label={w.password}
                value={password()}
                onInput={setPassword}
                fault={tried() && password() === '' ? words.signIn.passwordMissing : null}
              />
            </Show>
            <div class="flex flex-wrap justify-end gap-2">
              <Button onClick={() => props.onClose()}>{words.cancel}</Button>
              <Button type="submit" look="primary" busy={busy()}>
                {busy() ? w.busy : w.submit}
              </Button>
            </div>
          </form>
        }
      >
        {(shown) => <ShownToken token={shown()} onDone={props.onClose} />}
      </Show>
    </Modal>
  );
}
