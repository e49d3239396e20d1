import { For } from 'solid-js';

/** The names over a table's columns: the first to the left, numbers to the right. `wide`: a column only where there is room for it. */
export function ColumnHeads(props: { of: readonly (string | { wide: string })[] }) {
  return (
    <thead>
      <tr class="text-left text-soft">
        <For each={props.of}>
          {(head, at) => {
            const name = typeof head === 'string' ? head : head.wide;
            return (
              <th
                scope="col"
                class="py-1.5 font-normal"
                classList={{
                  'text-right': at() > 0,
                  'pl-4': at() > 1,
                  'hidden sm:table-cell': typeof head !== 'string',
                }}
              >
                {name}
              </th>
            );
          }}
        </For>
      </tr>
    </thead>
  );
}
