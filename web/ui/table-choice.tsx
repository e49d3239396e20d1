import { createUniqueId, For, Show } from 'solid-js';

interface TableChoiceProps {
  legend: string;
  tables: { name: string; text: string; more: string }[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  fault?: string | null;
}

/** Any of the tables. */
export function TableChoice(props: TableChoiceProps) {
  const id = createUniqueId();
  const toggle = (name: string, on: boolean) =>
    props.onChange(on ? [...props.chosen, name] : props.chosen.filter((one) => one !== name));
  return (
    <fieldset aria-describedby={props.fault ? id : undefined}>
      <legend class="mb-1 text-sm font-medium">{props.legend}</legend>
      <div class="max-h-56 overflow-y-auto rounded-lg border border-edge p-1.5">
        <For each={props.tables}>
          {(table) => (
            <label class="flex min-h-11 cursor-pointer items-center gap-3 rounded-md px-2 text-sm hover:bg-sunk sm:min-h-9">
              <input
                type="checkbox"
                checked={props.chosen.includes(table.name)}
                onChange={(event) => toggle(table.name, event.currentTarget.checked)}
                class="size-4 shrink-0 accent-brand"
              />
              <span class="min-w-0 flex-1 break-all">{table.text}</span>
              <span class="tabular text-soft">{table.more}</span>
            </label>
          )}
        </For>
      </div>
      <Show when={props.fault}>
        <p id={id} data-fault="" class="mt-1 text-sm text-bad">
          {props.fault}
        </p>
      </Show>
    </fieldset>
  );
}
