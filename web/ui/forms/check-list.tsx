import { createUniqueId, type JSX, Show } from 'solid-js';
import { Fault } from './field.tsx';

/** Any of some, as a group with its legend and what is wrong with the choice. */
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

/** What is chosen after one was checked or not. */
export function toggled<Item>(chosen: readonly Item[], item: Item, on: boolean): Item[] {
  return on ? [...chosen, item] : chosen.filter((one) => one !== item);
}
