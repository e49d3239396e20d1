import { type JSX, Show } from 'solid-js';
import { failureOf } from '../../lib/server/failure.ts';
import type { StepUpFormState } from '../../lib/step-up/step-up-form.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../button.tsx';
import { FailureNotice } from '../failure-notice.tsx';
import { ModalFooter } from '../modal.tsx';
import { StepUpField } from './step-up-field.tsx';

interface StepUpFormProps {
  of: StepUpFormState;
  words: { password: string; submit: string; busy: string };
  variant?: 'primary' | 'danger';
  onCancel: () => void;
  /** The fields before the password. */
  children?: JSX.Element;
}

/** Renders the form of a dialog whose work needs the password: failure, fields, password, buttons. */
export function StepUpForm(props: StepUpFormProps) {
  const { mutation, stepUp, submitted, submit } = props.of;
  return (
    <form class="space-y-4" novalidate onSubmit={submit}>
      <Show when={mutation.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
      {props.children}
      <StepUpField of={stepUp} label={props.words.password} submitted={submitted()} />
      <ModalFooter>
        <Button onClick={() => props.onCancel()}>{words.cancel}</Button>
        <Button type="submit" variant={props.variant ?? 'primary'} busy={mutation.isPending}>
          {mutation.isPending ? props.words.busy : props.words.submit}
        </Button>
      </ModalFooter>
    </form>
  );
}
