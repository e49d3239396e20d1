import { Show } from 'solid-js';
import type { PasswordAgain } from '../../lib/password/password-again.ts';
import { words } from '../../strings/shared.ts';
import { PasswordField } from './password-field.tsx';

/** Renders the step-up password field when it is needed. `tried` is true once the form was sent, so that a missing password is reported. */
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
