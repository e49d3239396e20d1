import { createMemo, For, untrack } from 'solid-js';
import { words } from '../../strings/shared.ts';
import { CheckboxGroup, withToggled } from './checkbox-group.tsx';

interface TableChoiceProps {
  legend: string;
  tables: { name: string; text: string; more: string }[];
  chosen: string[];
  onChange: (chosen: string[]) => void;
  error?: string | null;
}

/** Renders a choice of tables. The tables chosen at first come first, in sight, and the order stays when others are chosen. */
export function TableChoice(props: TableChoiceProps) {
  const atFirst = untrack(() => props.chosen);
  const tables = createMemo(() => [
    ...props.tables.filter(({ name }) => atFirst.includes(name)),
    ...props.tables.filter(({ name }) => !atFirst.includes(name)),
  ]);
  const legend = () => words.chosenOf(props.legend, props.chosen.length, props.tables.length);
  return (
    <CheckboxGroup legend={legend()} error={props.error} class="max-h-56 overflow-y-auto p-1.5">
      <For each={tables()}>
        {(table) => (
          <label class="flex min-h-11 cursor-pointer items-center gap-3 rounded-md px-2 text-sm hover:bg-sunk sm:min-h-9">
            <input
              type="checkbox"
              checked={props.chosen.includes(table.name)}
              onChange={(event) => props.onChange(withToggled(props.chosen, table.name, event.currentTarget.checked))}
              class="size-4 shrink-0 accent-brand"
            />
            <span class="min-w-0 flex-1 break-all">{table.text}</span>
            <span class="tabular text-soft">{table.more}</span>
          </label>
        )}
      </For>
    </CheckboxGroup>
  );
}
