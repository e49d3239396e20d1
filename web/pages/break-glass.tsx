import { useNavigate } from '@solidjs/router';
import { useQueryClient } from '@tanstack/solid-query';
import { createSignal, Show } from 'solid-js';
import { api } from '../api.ts';
import { type Failure, failureOf, panelFailure } from '../lib/server/failure.ts';
import { switchPerson } from '../lib/server/session.ts';
import { words } from '../strings/shared.ts';
import { Button } from '../ui/button.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { SignedOutLayout } from '../ui/signed-out-layout.tsx';

/** Renders the page of the one-time link from `scripts/break-glass.ts`. The code follows the `#`, so that no server and no log sees it. */
export function BreakGlass() {
  const client = useQueryClient();
  const navigate = useNavigate();
  const code = decodeURIComponent(location.hash.slice(1));
  const [busy, setBusy] = createSignal(false);
  const [failure, setFailure] = createSignal<Failure | null>(
    code === '' ? panelFailure('INPUT_INVALID', words.breakGlass.missing, words.breakGlass.missingHint) : null,
  );
  const signIn = async () => {
    setBusy(true);
    try {
      const { data } = await api.auth.breakGlass.mutate({ code });
      switchPerson(client, data.who);
      navigate('/restore', { replace: true });
    } catch (error) {
      setFailure(failureOf(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <SignedOutLayout title={words.breakGlass.title} lead={words.breakGlass.lead}>
      <div class="space-y-4">
        <Show when={failure()}>{(found) => <FailureNotice failure={found()} />}</Show>
        <Show when={code !== ''}>
          <Button variant="primary" class="w-full" busy={busy()} onClick={() => void signIn()}>
            {busy() ? words.breakGlass.busy : words.breakGlass.submit}
          </Button>
        </Show>
      </div>
    </SignedOutLayout>
  );
}
