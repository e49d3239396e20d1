import { Navigate, useSearchParams } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { createSignal, Show } from 'solid-js';
import { api } from '../api.ts';
import { createCountdown } from '../lib/countdown.ts';
import { focusInvalidField } from '../lib/input/focus-invalid-field.ts';
import { returnPath } from '../lib/return-path.ts';
import { type Failure, failureOf } from '../lib/server/failure.ts';
import { switchPerson, useMe } from '../lib/server/session.ts';
import { sessionEnded } from '../lib/server/session-flag.ts';
import { words } from '../strings/shared.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { Field } from '../ui/forms/field.tsx';
import { PasswordField } from '../ui/forms/password-field.tsx';
import { SignedOutLayout } from '../ui/signed-out-layout.tsx';

/** Renders the sign-in form, and then leads back to the page that was requested. */
export function SignIn() {
  const me = useMe();
  const client = useQueryClient();
  const [search] = useSearchParams<{ to?: string }>();
  const [email, setEmail] = createSignal('');
  const [password, setPassword] = createSignal('');
  const [submitted, setSubmitted] = createSignal(false);
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<Failure | null>(null);
  const lockedSeconds = createCountdown(() => failure()?.retryAfterSeconds ?? null);

  const signIn = async (event: SubmitEvent) => {
    event.preventDefault();
    setSubmitted(true);
    focusInvalidField(event);
    if (busy() || lockedSeconds() > 0 || email().trim() === '' || password() === '') return;
    setBusy(true);
    try {
      const { data } = await api.auth.signIn.mutate({ email: email().trim(), password: password() });
      switchPerson(client, data.who);
    } catch (error) {
      setFailure(failureOf(error));
      setPassword('');
      setSubmitted(false);
    } finally {
      setBusy(false);
    }
  };

  return (
    <Show when={!me.data} fallback={<Navigate href={returnPath(search.to)} />}>
      <SignedOutLayout title={words.signIn.title} lead={sessionEnded() ? words.signIn.sessionEnded : words.signIn.lead}>
        <form class="space-y-4" novalidate onSubmit={(event) => void signIn(event)}>
          <Show when={failure()}>
            {(found) => (
              <FailureNotice failure={found()}>
                <Show when={lockedSeconds() > 0}>
                  <p class="tabular">{words.failure.wait(lockedSeconds())}</p>
                </Show>
              </FailureNotice>
            )}
          </Show>
          <Field
            label={words.signIn.email}
            type="email"
            name="email"
            autocomplete="username"
            autofocus
            value={email()}
            onInput={setEmail}
            error={submitted() && email().trim() === '' ? words.signIn.emailMissing : null}
          />
          <PasswordField
            value={password()}
            onInput={setPassword}
            error={submitted() && password() === '' ? words.signIn.passwordMissing : null}
          />
          <Button type="submit" variant="primary" class="w-full" busy={busy()} disabled={lockedSeconds() > 0}>
            {busy() ? words.signIn.busy : words.signIn.submit}
          </Button>
        </form>
      </SignedOutLayout>
    </Show>
  );
}
