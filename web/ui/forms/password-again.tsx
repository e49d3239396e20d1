import { Show } from 'solid-js';
import type { PasswordAgain } from '../../lib/password/password-again.ts';
import { words } from '../../strings/shared.ts';
import { PasswordField } from './password-field.tsx';

/** The field for the password once more, where it is asked for. `tried`: somebody has sent the form, so that a missing one is told. */
export function PasswordAgainField(props: { of: PasswordAgain; label: string; tried: boolean }) {
  return (
    <Show when={props.of.asks()}>
      <PasswordField
        label={props.label}
        value={props.of.typed()}
        onInput={props.of.setTyped}
        fault={props.tried && props.of.typed() === '' ? words.signIn.passwordMissing : null}
      />
    </Show>
  );
}
