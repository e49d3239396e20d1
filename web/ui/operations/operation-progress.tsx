import { useQuery } from '@tanstack/solid-query';
import { createMemo, For, Show, Suspense } from 'solid-js';
import type { Operation } from '../../api.ts';
import { countText } from '../../lib/format.ts';
import { operationTitle, tableLabel } from '../../lib/operations/operation.ts';
import type { StreamState } from '../../lib/operations/operation-stream.ts';
import { doneText, type Lead, paceText, stepOf, waitNotice } from '../../lib/operations/progress.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { words } from '../../strings/shared.ts';
import { TableName } from '../lists/table-name.tsx';
import { ProgressBar } from './progress-bar.tsx';

interface OperationProgressProps {
  operation: Operation;
  /** Share of the whole work, from 0 to 1; null while it is unknown. */
  share: number | null;
  lead: Lead | undefined;
  stream: StreamState;
  open: boolean;
}

/** Shows the current work of an operation: step, progress, speed, time left, and each table. */
export function OperationProgress(props: OperationProgressProps) {
  const { operation: w } = words;
  const progress = () => props.operation.progress;
  const doing = () => {
    const stage = progress()?.blocked ? w.waiting : w.stage(progress()?.stage ?? 'prepare', props.operation.kind);
    const step = stepOf(props.operation, props.lead);
    return step ? w.step(step, stage) : stage;
  };
  const percent = () => (props.share === null ? undefined : w.percent(Math.round(props.share * 100)));
  return (
    <Show when={props.operation.state === 'running'} fallback={<p class="text-sm text-soft">{w.queuedLead}</p>}>
      <div class="mb-1.5 flex justify-between gap-3 text-sm">
        <span class="font-medium">{doing()}</span>
        <span class="tabular text-soft">{percent()}</span>
      </div>
      <ProgressBar
        label={w.progress(operationTitle(props.operation))}
        value={props.share}
        text={percent() ? `${doing()}, ${percent()}` : doing()}
      />
      {/* Always as high as with everything in it, so that nothing below moves. */}
      <div class="tabular mt-2 flex min-h-10 flex-wrap content-start justify-between gap-x-4 text-sm text-soft sm:min-h-5">
        <Show when={props.stream !== 'lost'} fallback={<span>{w.reconnecting}</span>}>
          <Show when={progress()} fallback={<span>&nbsp;</span>}>
            {(now) => (
              <>
                <span>{doneText(now()) || '\u00a0'}</span>
                <span>{paceText(now())}</span>
              </>
            )}
          </Show>
        </Show>
      </div>
      <Show when={props.operation.kind === 'restore'}>
        <p class="mt-1 min-h-10 text-sm text-warn sm:min-h-5">
          {props.stream !== 'lost' && waitNotice(props.operation)}
        </p>
      </Show>
      {/* A boundary of its own: its query must not take away the card, with the focus in it. */}
      <Suspense>
        <TableProgress operation={props.operation} open={props.open} />
      </Suspense>
    </Show>
  );
}

/** Lists the rows done of each table, beside the expected number. */
function TableProgress(props: { operation: Operation; open: boolean }) {
  const done = () => props.operation.progress?.tables ?? {};
  const status = useQuery(() => ({ ...queries.status(), enabled: props.operation.kind === 'backup' }));
  const source = useQuery(() => ({
    ...queries.backup(props.operation.archive ?? ''),
    enabled: props.operation.kind !== 'backup' && props.operation.archive !== null,
  }));
  const expected = createMemo(() => {
    const rows = new Map<string, number>();
    for (const table of latestData(status)?.database?.tables ?? []) {
      if (table.rows !== null) rows.set(tableLabel(table.name), table.rows);
    }
    for (const table of latestData(source)?.detail?.tables ?? []) rows.set(tableLabel(table.name), table.rows);
    return rows;
  });
  const names = createMemo(() => Object.keys(done()).toSorted());
  return (
    <details class="mt-3" open={props.open}>
      <summary class="min-h-8 cursor-pointer py-1 text-sm font-medium">{words.operation.perTable}</summary>
      <table class="tabular mt-1 w-full text-sm">
        <caption class="sr-only">{words.operation.tableCaption}</caption>
        <thead class="sr-only">
          <tr>
            <th scope="col">{words.backup.table}</th>
            <th scope="col">{words.operation.tableRows}</th>
          </tr>
        </thead>
        <tbody>
          <For each={names()}>
            {(name) => {
              const rows = () => done()[name]?.rows ?? 0;
              const expectedRows = () => expected().get(tableLabel(name)) ?? 0;
              return (
                <tr class="border-t border-line">
                  <th scope="row" class="py-1.5 pr-4 text-left font-normal">
                    <TableName name={name} />
                  </th>
                  <td class="py-1.5 text-right whitespace-nowrap">
                    {countText(rows())}
                    <Show when={expectedRows() > rows()}>
                      <span class="text-soft"> / {countText(expectedRows())}</span>
                    </Show>
                  </td>
                </tr>
              );
            }}
          </For>
        </tbody>
      </table>
    </details>
  );
}
