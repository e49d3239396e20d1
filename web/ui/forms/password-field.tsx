import Eye from 'lucide-solid/icons/eye';
import EyeOff from 'lucide-solid/icons/eye-off';
import { createSignal, createUniqueId, Show } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { FieldError, INPUT_CLASS } from './field.tsx';

interface PasswordFieldProps {
  label?: string;
  value: string;
  error?: string | null;
  onInput: (value: string) => void;
}

/** Renders a password field whose text can be made visible. */
export function PasswordField(props: PasswordFieldProps) {
  const id = createUniqueId();
  const [shown, setShown] = createSignal(false);
  return (
    <div>
      <label for={id} class="mb-1 block text-sm font-medium">
        {props.label ?? words.password}
      </label>
      <div class="relative">
        <input
          id={id}
          name="password"
          type={shown() ? 'text' : 'password'}
          autocomplete="current-password"
          spellcheck={false}
          class={`${INPUT_CLASS} pr-12`}
          value={props.value}
          aria-invalid={props.error ? 'true' : undefined}
          aria-describedby={props.error ? `${id}-error` : undefined}
          onInput={(event) => props.onInput(event.currentTarget.value)}
        />
        <button
          type="button"
          class="absolute inset-y-0 right-0 flex w-11 items-center justify-center rounded-lg text-soft hover:text-ink"
          aria-label={words.showPassword}
          aria-pressed={shown()}
          onClick={() => setShown(!shown())}
        >
          <Show when={shown()} fallback={<Eye class="size-4" aria-hidden="true" />}>
            <EyeOff class="size-4" aria-hidden="true" />
          </Show>
        </button>
      </div>
      <Show when={props.error}>{(text) => <FieldError id={`${id}-error`}>{text()}</FieldError>}</Show>
    </div>
  );
}
