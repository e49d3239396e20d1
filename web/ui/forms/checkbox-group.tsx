import { createUniqueId, type JSX, Show } from 'solid-js';
import { FieldError } from './field.tsx';

/** Renders checkboxes as a group with its legend and its error. */
export function CheckboxGroup(props: {
  legend: string;
  error?: string | null | undefined;
  class: string;
  children: JSX.Element;
}) {
  const id = createUniqueId();
  return (
    <fieldset aria-describedby={props.error ? id : undefined}>
      <legend class="mb-1 text-sm font-medium">{props.legend}</legend>
      <div class={`rounded-lg border border-edge ${props.class}`}>{props.children}</div>
      <Show when={props.error}>{(text) => <FieldError id={id}>{text()}</FieldError>}</Show>
    </fieldset>
  );
}

/** Returns the choice after one item was checked or unchecked. */
export function withToggled<Item>(chosen: readonly Item[], item: Item, on: boolean): Item[] {
  return on ? [...chosen, item] : chosen.filter((one) => one !== item);
}
