import ChevronLeft from 'lucide-solid/icons/chevron-left';
import ChevronRight from 'lucide-solid/icons/chevron-right';
import Lock from 'lucide-solid/icons/lock';
import { For, Show } from 'solid-js';
import type { RowPage } from '../../api.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { Button } from '../../ui/button.tsx';
import { Modal } from '../../ui/modal.tsx';
import { prettyJson } from './json-pretty.ts';
import { RowValue } from './row-value.tsx';

interface RowDetailsProps {
  page: RowPage;
  table: string;
  first: number;
  searching: boolean;
  /** The row's index on the page; null while none is open. */
  index: number | null;
  onIndex: (index: number | null) => void;
}

/** Shows one whole row: every column with its value. */
export function RowDetails(props: RowDetailsProps) {
  const index = () => props.index ?? 0;
  const row = () => props.page.rows[index()] ?? [];
  const truncationOf = (column: number) => props.page.cut.find((cut) => cut.row === index() && cut.column === column);
  return (
    <Modal
      open={props.index !== null}
      onClose={() => props.onIndex(null)}
      title={w.row(props.first + index(), props.searching)}
      lead={w.rowLead(props.table)}
    >
      <dl class="space-y-3 text-sm">
        <For each={props.page.columns}>
          {(column, place) => (
            <div class="border-t border-line pt-3 first:border-0 first:pt-0">
              <dt class="flex flex-wrap items-center gap-x-2 text-xs text-soft">
                <Show when={column.hidden}>
                  <Lock class="size-3.5 shrink-0" aria-hidden="true" />
                </Show>
                <span class="font-mono font-medium break-all text-ink">{column.name}</span>
                <span class="break-all">
                  {[column.sqlType, w.sensitivities[column.sensitivity]].filter(Boolean).join(', ')}
                </span>
              </dt>
              <dd class="mt-0.5 font-mono text-xs wrap-anywhere whitespace-pre-wrap">
                <Value value={row()[place()] ?? null} hidden={column.hidden} json={/^jsonb?$/.test(column.sqlType)} />
                <Show when={truncationOf(place())}>
                  {(cut) => (
                    <span class="mt-1 block font-sans whitespace-normal text-warn">
                      {w.cut(row()[place()]?.length ?? 0, cut().bytes)}
                    </span>
                  )}
                </Show>
              </dd>
            </div>
          )}
        </For>
      </dl>
      <div class="sticky -bottom-5 -mx-5 -mb-5 mt-4 flex low:static flex-wrap justify-between gap-2 border-t border-line bg-raised px-5 py-3">
        <Button disabled={index() <= 0} onClick={() => props.onIndex(index() - 1)}>
          <ChevronLeft class="size-4" aria-hidden="true" />
          {w.previousRow}
        </Button>
        <Button disabled={index() >= props.page.rows.length - 1} onClick={() => props.onIndex(index() + 1)}>
          {w.nextRow}
          <ChevronRight class="size-4" aria-hidden="true" />
        </Button>
      </div>
    </Modal>
  );
}

/** Shows a whole value, JSON with a line for each member. */
function Value(props: { value: string | null; hidden: boolean; json: boolean }) {
  const text = () => (props.hidden ? null : props.value);
  return (
    <Show when={text()} fallback={<RowValue value={props.value} hidden={props.hidden} />}>
      {(known) => <>{(props.json && prettyJson(known())) || known()}</>}
    </Show>
  );
}
