import Lock from 'lucide-solid/icons/lock';
import { createEffect, For, on, Show } from 'solid-js';
import type { RowPage } from '../../api.ts';
import { countText } from '../../lib/format.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { RowValue } from './row-value.tsx';

interface RowTableProps {
  page: RowPage;
  table: string;
  /** The number of the first row shown, in the table or among the hits. */
  first: number;
  searching: boolean;
  /** True while other rows are loading. */
  busy: boolean;
  onOpen: (index: number) => void;
}

const NUMBERS = /^(smallint|integer|bigint|real|double precision|numeric|money)\b/;

/** Renders rows, one line each, in a box that scrolls both ways; heading and row numbers stay in sight. */
export function RowTable(props: RowTableProps) {
  let box: HTMLElement | undefined;
  const isNumber = (place: number) => NUMBERS.test(props.page.columns[place]?.sqlType ?? '') && 'text-right';
  createEffect(
    on(
      () => props.page.rows,
      () => box?.scrollTo({ top: 0 }),
      { defer: true },
    ),
  );
  return (
    <section
      ref={box}
      tabindex="0"
      aria-label={w.region(props.table)}
      aria-busy={props.busy}
      class={`print-rows relative max-h-[70dvh] overflow-auto rounded-xl border border-line bg-card transition-opacity ${props.busy ? 'opacity-60' : ''}`}
    >
      <table class="tabular border-separate border-spacing-0 text-left text-sm">
        <caption class="sr-only">{w.caption(props.table)}</caption>
        <thead>
          <tr>
            <th
              scope="col"
              class="sticky top-0 left-0 z-20 border-r border-b border-line bg-card px-3 py-2 font-normal text-soft"
            >
              {w.number(props.searching)}
            </th>
            <For each={props.page.columns}>
              {(column, place) => (
                <th
                  scope="col"
                  data-hidden={column.hidden || undefined}
                  class="sticky top-0 z-10 border-b border-line bg-card px-3 py-2 align-top font-normal"
                >
                  <span class={`flex items-center gap-1.5 ${isNumber(place()) ? 'justify-end' : ''}`}>
                    <Show when={column.hidden}>
                      <Lock class="size-3.5 shrink-0 text-soft" aria-hidden="true" />
                    </Show>
                    <span class="max-w-60 truncate font-mono text-xs font-medium" title={column.name}>
                      {column.name}
                    </span>
                  </span>
                  <span
                    class={`block max-w-60 truncate text-xs text-soft ${isNumber(place()) || ''}`}
                    title={column.sqlType}
                  >
                    {w.sensitivities[column.sensitivity] || column.sqlType}
                  </span>
                </th>
              )}
            </For>
          </tr>
        </thead>
        <tbody>
          <For each={props.page.rows}>
            {(row, index) => (
              <tr class="group">
                <th scope="row" class="sticky left-0 z-10 border-r border-b border-line bg-card p-0 font-normal">
                  <button
                    type="button"
                    class="flex min-h-11 w-full min-w-11 items-center justify-end px-3 text-brand group-hover:bg-sunk hover:underline sm:min-h-9"
                    aria-label={w.open(props.first + index(), props.searching)}
                    onClick={() => props.onOpen(index())}
                  >
                    {countText(props.first + index())}
                  </button>
                </th>
                <For each={row}>
                  {(value, place) => (
                    <td
                      data-hidden={props.page.columns[place()]?.hidden || undefined}
                      class={`max-w-72 truncate border-b border-line px-3 font-mono text-xs whitespace-nowrap group-hover:bg-sunk ${isNumber(place()) || ''}`}
                    >
                      <RowValue value={value} hidden={props.page.columns[place()]?.hidden ?? false} />
                    </td>
                  )}
                </For>
              </tr>
            )}
          </For>
        </tbody>
      </table>
    </section>
  );
}
