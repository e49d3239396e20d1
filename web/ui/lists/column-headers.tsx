import { For } from 'solid-js';

/**
 * Renders the column names of a table: the first to the left, numbers to the right. `wide` marks a column shown only where there is room.
 */
export function ColumnHeaders(props: { of: readonly (string | { wide: string })[] }) {
  return (
    <thead>
      <tr class="text-left text-soft">
        <For each={props.of}>
          {(header, at) => {
            const name = typeof header === 'string' ? header : header.wide;
            return (
              <th
                scope="col"
                class="py-1.5 font-normal"
                classList={{
                  'text-right': at() > 0,
                  'pl-4': at() > 1,
                  'hidden sm:table-cell': typeof header !== 'string',
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
