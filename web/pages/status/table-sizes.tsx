import { For } from 'solid-js';
import type { Status } from '../../api.ts';
import { bytesText, countText } from '../../lib/format.ts';
import { statusWords as w } from '../../strings/status.ts';
import { ColumnHeaders } from '../../ui/lists/column-headers.tsx';
import { TableName } from '../../ui/lists/table-name.tsx';

type Tables = NonNullable<Status['database']>['tables'];

/** Lists the protected tables with their approximate sizes. */
export function TableSizes(props: { tables: Tables }) {
  const sum = (of: (table: Tables[number]) => number | null) =>
    props.tables.reduce((total, table) => total + (of(table) ?? 0), 0);
  return (
    <table class="tabular w-full text-sm">
      <caption class="sr-only">{w.tablesCaption}</caption>
      <ColumnHeaders of={[w.table, w.rows, w.size]} />
      <tbody>
        <For each={props.tables}>
          {(table) => (
            <tr class="border-t border-line">
              <th scope="row" class="py-1.5 text-left font-normal wrap-anywhere">
                <TableName name={table.name} />
              </th>
              <td class="py-1.5 text-right">{table.rows === null ? w.notCounted : countText(table.rows)}</td>
              <td class="py-1.5 pl-4 text-right whitespace-nowrap">
                {table.bytes === null ? '–' : bytesText(table.bytes)}
              </td>
            </tr>
          )}
        </For>
      </tbody>
      <tfoot>
        <tr class="border-t border-edge font-medium">
          <th scope="row" class="py-1.5 text-left font-medium">
            {w.total}
          </th>
          <td class="py-1.5 text-right">{countText(sum(({ rows }) => rows))}</td>
          <td class="py-1.5 pl-4 text-right whitespace-nowrap">{bytesText(sum(({ bytes }) => bytes))}</td>
        </tr>
      </tfoot>
    </table>
  );
}
