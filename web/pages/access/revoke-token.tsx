import { useMutation, useQueryClient } from '@tanstack/solid-query';
import { createEffect, on, Show } from 'solid-js';
import { api, type TokenLine } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { now } from '../../lib/clock.ts';
import { agoText } from '../../lib/format.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { keys } from '../../lib/server/queries.ts';
import { accessWords } from '../../strings/access.ts';
import { words } from '../../strings/shared.ts';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Modal } from '../../ui/modal.tsx';

const { tokens: w } = accessWords;

/** Revokes a token for good, after naming what stops working. `token` is null while the dialog is closed. */
export function RevokeToken(props: { token: TokenLine | null; onClose: () => void }) {
  const client = useQueryClient();
  const revoke = useMutation(() => ({
    mutationFn: ({ id }: TokenLine) => api.tokens.revoke.mutate({ id }),
    async onSuccess(_: unknown, { name }: TokenLine) {
      // Before the dialog closes, so that the focus does not return to an element about to go.
      await client.invalidateQueries({ queryKey: keys.tokens });
      props.onClose();
      announce(w.revoked(name));
    },
  }));
  createEffect(
    on(
      () => props.token?.id,
      () => revoke.reset(),
      { defer: true },
    ),
  );
  const used = () =>
    props.token?.lastUsedAt ? w.revokeUsed(agoText(new Date(props.token.lastUsedAt), now())) : w.revokeUnused;
  return (
    <Modal
      open={props.token !== null}
      onClose={props.onClose}
      title={w.revokeTitle(props.token?.name ?? '')}
      lead={w.revokeLead}
    >
      <p class="text-sm">{used()}</p>
      <Show when={revoke.error}>
        {(error) => (
          <div class="mt-3">
            <FailureNotice failure={failureOf(error())} />
          </div>
        )}
      </Show>
      <ButtonRow class="mt-4">
        <Button onClick={() => props.onClose()}>{words.cancel}</Button>
        <Button
          variant="danger"
          busy={revoke.isPending}
          onClick={() => {
            if (props.token) revoke.mutate(props.token);
          }}
        >
          {revoke.isPending ? w.revokeBusy : w.revoke}
        </Button>
      </ButtonRow>
    </Modal>
  );
}
