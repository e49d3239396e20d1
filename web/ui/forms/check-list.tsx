import { createUniqueId, type JSX, Show } from 'solid-js';
import { Fault } from './field.tsx';

/** Renders checkboxes as a group with its legend and its error. */
export function CheckList(props: {
  legend: string;
  fault?: string | null | undefined;
  class: string;
  children: JSX.Element;
}) {
  const id = createUniqueId();
  return (
    <fieldset aria-describedby={props.fault ? id : undefined}>
      <legend class="mb-1 text-sm font-medium">{props.legend}</legend>
      <div class={`rounded-lg border border-edge ${props.class}`}>{props.children}</div>
      <Show when={props.fault}>{(text) => <Fault id={id}>{text()}</Fault>}</Show>
    </fieldset>
  );
}

/** Returns the choice after one item was checked or unchecked. */
export function toggled<Item>(chosen: readonly Item[], item: Item, on: boolean): Item[] {
  return on ? [...chosen, item] : chosen.filter((one) => one !== item);
}
