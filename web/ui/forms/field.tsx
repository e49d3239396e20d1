import { createUniqueId, type JSX, Show, splitProps } from 'solid-js';

export const INPUT_CLASS =
  'block min-h-11 w-full rounded-lg border border-edge bg-card px-3 text-base text-ink sm:min-h-10 sm:text-sm aria-invalid:border-bad';

interface FieldProps extends Omit<JSX.InputHTMLAttributes<HTMLInputElement>, 'onInput'> {
  label: JSX.Element;
  hint?: string | undefined;
  /** The error of the field, which screen readers read with it. */
  error?: string | null | undefined;
  onInput?: (value: string) => void;
}

/** Renders a one-line text field with its label, hint and error. */
export function Field(props: FieldProps) {
  const [own, rest] = splitProps(props, ['label', 'hint', 'error', 'onInput', 'class']);
  const id = createUniqueId();
  const described = () => [own.hint && `${id}-hint`, own.error && `${id}-error`].filter(Boolean).join(' ') || undefined;
  return (
    <div class={own.class}>
      <label for={id} class="mb-1 block text-sm font-medium break-words">
        {own.label}
      </label>
      <input
        {...rest}
        id={id}
        class={INPUT_CLASS}
        aria-invalid={own.error ? 'true' : undefined}
        aria-describedby={described()}
        onInput={(event) => own.onInput?.(event.currentTarget.value)}
      />
      <Show when={own.hint}>
        <p id={`${id}-hint`} class="mt-1 text-sm text-soft">
          {own.hint}
        </p>
      </Show>
      <Show when={own.error}>{(text) => <FieldError id={`${id}-error`}>{text()}</FieldError>}</Show>
    </div>
  );
}

/** Shows the error of a field below it; the field refers to `id`. */
export function FieldError(props: { id: string; children: string }) {
  return (
    <p id={props.id} data-error="" class="mt-1 text-sm text-bad">
      {props.children}
    </p>
  );
}

interface SelectProps<Value extends string> {
  label: string;
  value: Value;
  options: Readonly<Record<Value, string>>;
  onChange: (value: Value) => void;
  class?: string;
}

/** Renders a choice of one, with the browser's own list, which works on every device. */
export function Select<Value extends string>(props: SelectProps<Value>) {
  const id = createUniqueId();
  const values = () => Object.keys(props.options) as Value[];
  return (
    <div class={props.class}>
      <label for={id} class="mb-1 block text-sm font-medium">
        {props.label}
      </label>
      <select
        id={id}
        class={INPUT_CLASS}
        value={props.value}
        onChange={(event) => {
          const chosen = values().find((value) => value === event.currentTarget.value);
          if (chosen !== undefined) props.onChange(chosen);
        }}
      >
        {values().map((value) => (
          <option value={value} selected={value === props.value}>
            {props.options[value]}
          </option>
        ))}
      </select>
    </div>
  );
}
