import { For, Show } from 'solid-js';

interface Option<Value extends string> {
  value: Value;
  label: string;
  hint?: string;
}

interface RadioGroupProps<Value extends string> {
  legend: string;
  name: string;
  value: Value;
  options: Option<Value>[];
  onChange: (value: Value) => void;
}

/** Renders a choice of one among a few, all of them visible. */
export function RadioGroup<Value extends string>(props: RadioGroupProps<Value>) {
  return (
    <fieldset>
      <legend class="mb-1 text-sm font-medium">{props.legend}</legend>
      <div class="grid gap-2 sm:grid-cols-2">
        <For each={props.options}>
          {(option) => (
            <label class="flex min-h-11 cursor-pointer gap-3 rounded-lg border border-edge p-3 text-sm has-checked:border-brand has-checked:bg-brand-wash has-focus-visible:outline-2 has-focus-visible:outline-offset-2 has-focus-visible:outline-brand">
              <input
                type="radio"
                name={props.name}
                value={option.value}
                checked={props.value === option.value}
                onChange={() => props.onChange(option.value)}
                class="mt-0.5 size-4 shrink-0 accent-brand outline-none"
              />
              <span>
                <span class="font-medium">{option.label}</span>
                <Show when={option.hint}>
                  <span class="mt-0.5 block text-soft">{option.hint}</span>
                </Show>
              </span>
            </label>
          )}
        </For>
      </div>
    </fieldset>
  );
}
