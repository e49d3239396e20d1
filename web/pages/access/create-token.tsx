import { useQueryClient } from '@tanstack/solid-query';
import { createEffect, createSignal, on, Show } from 'solid-js';
import { api, type Scope } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { keys } from '../../lib/server/queries.ts';
import { useMe } from '../../lib/server/session.ts';
import { createStepUpForm } from '../../lib/step-up/step-up-form.ts';
import { accessWords } from '../../strings/access.ts';
import { Field, Select } from '../../ui/forms/field.tsx';
import { StepUpForm } from '../../ui/forms/step-up-form.tsx';
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
  const [name, setName] = createSignal('');
  const [days, setDays] = createSignal<keyof typeof w.daysOptions>('90');
  const [scopes, setScopes] = createSignal<Scope[]>(DEFAULT_SCOPES);
  const [token, setToken] = createSignal<string | null>(null);
  const form = createStepUpForm({
    isReady: () => name().trim() !== '' && scopes().length > 0,
    async work() {
      const request = { name: name().trim(), scopes: scopes(), expiresInDays: Number(days()) };
      setToken((await api.tokens.create.mutate(request)).data.token);
      announce(made.said);
      void client.invalidateQueries({ queryKey: keys.tokens });
    },
  });
  createEffect(
    on(
      () => props.open,
      () => {
        setToken(null);
        setName('');
        setScopes(DEFAULT_SCOPES);
        form.open();
      },
    ),
  );

  return (
    <Modal
      open={props.open}
      onClose={props.onClose}
      blocksLeaving={token() !== null || form.mutation.isPending}
      title={token() === null ? w.title : made.title(name().trim())}
      lead={token() === null ? w.lead : made.lead}
    >
      <Show
        when={token()}
        fallback={
          <StepUpForm of={form} words={w} onCancel={props.onClose}>
            <Field
              label={w.name}
              hint={w.nameHint}
              value={name()}
              onInput={setName}
              maxlength={100}
              autocomplete="off"
              error={form.submitted() && name().trim() === '' ? w.nameMissing : null}
            />
            <Select label={w.days} value={days()} options={w.daysOptions} onChange={setDays} />
            <ScopeChoice
              chosen={scopes()}
              offered={me.data?.scopes ?? []}
              onChange={setScopes}
              error={form.submitted() && scopes().length === 0 ? w.scopesMissing : null}
            />
          </StepUpForm>
        }
      >
        {(shown) => <NewToken token={shown()} onDone={props.onClose} />}
      </Show>
    </Modal>
  );
}
