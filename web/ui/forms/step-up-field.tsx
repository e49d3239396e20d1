import { Show } from 'solid-js';
import type { StepUp } from '../../lib/step-up/step-up.ts';
import { words } from '../../strings/shared.ts';
import { PasswordField } from './password-field.tsx';

/** Renders the step-up password field when it is needed. `submitted` is true once the form was sent, so that a missing password is reported. */
export function StepUpField(props: { of: StepUp; label: string; submitted: boolean }) {
  return (
    <Show when={props.of.isRequired()}>
      <PasswordField
        label={props.label}
        value={props.of.typed()}
        onInput={props.of.setTyped}
        error={props.submitted && props.of.typed() === '' ? words.signIn.passwordMissing : null}
      />
    </Show>
  );
}
