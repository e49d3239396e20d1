import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { createEffect, createMemo, createSignal, For, on, Show } from 'solid-js';
import { api, type Operation } from '../../../api.ts';
import { announce } from '../../../lib/announce.ts';
import { countText } from '../../../lib/format.ts';
import { tableLabel } from '../../../lib/operations/operation.ts';
import { hasEnded } from '../../../lib/operations/operation-stream.ts';
import { failureOf } from '../../../lib/server/failure.ts';
import { createIdempotencyKey } from '../../../lib/server/idempotency-key.ts';
import { queries, showStarted } from '../../../lib/server/queries.ts';
import { registerResultView } from '../../../shell/result-views.ts';
import { previewWords } from '../../../strings/preview.ts';
import { Button } from '../../../ui/button.tsx';
import { FailureNotice } from '../../../ui/failure-notice.tsx';
import { ColumnHeaders } from '../../../ui/lists/column-headers.tsx';
import { TableName } from '../../../ui/lists/table-name.tsx';
import { DifferenceRows } from './difference-rows.tsx';
import { type PreviewedTable, previewOf } from './result.ts';

interface PreviewProps {
  archive: string;
  /** The tables to restore; null for the whole backup. */
  tables: string[] | null;
  /** True when rules that rows of the backup break are to come back NOT VALID. */
  keepBrokenRules: boolean;
  onKeepBrokenRules: (keep: boolean) => void;
  /** Called with the digest of the plan that is shown; null while none is. */
  onPlan: (digest: string | null) => void;
}

/** Counts, on request, the rows that a restore would bring back, change and remove, and says what it would be refused for. */
export function Preview(props: PreviewProps) {
  const client = useQueryClient();
  const key = createIdempotencyKey();
  const [started, setStarted] = createSignal<Operation | null>(null);
  // Numbers of another choice of tables would be wrong here.
  const choice = createMemo(() => JSON.stringify([props.archive, props.tables, props.keepBrokenRules]));
  createEffect(on(choice, () => setStarted(null), { defer: true }));
  const start = useMutation(() => ({
    async mutationFn() {
      const { data } = await api.restores.plan.mutate({
        backup: props.archive,
        wait: true,
        idempotencyKey: key.current,
        ...(props.tables && { tables: props.tables }),
        ...(props.keepBrokenRules && { keepBrokenRules: true }),
      });
      return data.operation;
    },
    onSuccess(operation: Operation) {
      key.renew();
      showStarted(client, operation);
      setStarted(operation);
    },
    onError: (error: unknown) => key.failed(error),
  }));
  const live = useQuery(() => ({ ...queries.operation(started()?.id ?? ''), enabled: started() !== null }));
  const operation = () => (started() === null ? null : (live.data ?? started()));
  const isRunning = () => start.isPending || (operation() !== null && !hasEnded(operation() as Operation));
  const result = () => (operation()?.state === 'succeeded' ? previewOf(operation()?.result) : null);
  registerResultView(() => ({ id: started()?.id ?? '', routine: true, progress: false }));
  createEffect(() => props.onPlan(result()?.digest ?? null));
  createEffect(() => {
    const found = result();
    if (found) announce(previewWords.verdict(found));
  });
  return (
    <section class="mt-4" aria-label={previewWords.title}>
      <div class="flex flex-wrap items-center gap-3">
        <Button onClick={() => start.mutate()} busy={isRunning()}>
          {isRunning() ? previewWords.busy : result() ? previewWords.again : previewWords.start}
        </Button>
        <p class="min-w-0 flex-1 basis-60 text-sm text-soft">{previewWords.hint}</p>
      </div>
      <Show when={result()?.couldKeep || props.keepBrokenRules}>
        <label class="mt-3 flex items-start gap-3 text-sm">
          <input
            type="checkbox"
            class="size-5 shrink-0"
            checked={props.keepBrokenRules}
            onChange={(event) => props.onKeepBrokenRules(event.currentTarget.checked)}
          />
          <span>
            {previewWords.keepBroken}
            <span class="block text-soft">{previewWords.keepBrokenHint}</span>
          </span>
        </label>
      </Show>
      <Show when={start.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
      <Show when={operation()?.error}>
        {(error) => (
          <p role="alert" class="mt-3 text-sm text-bad">
            {error().message}
          </p>
        )}
      </Show>
      <Show when={result()}>
        {(found) => (
          <>
            <p class="mt-4 font-semibold">{previewWords.verdict(found())}</p>
            <For each={found().stops}>
              {(stop) => (
                <p role="alert" class="mt-2 rounded-lg bg-bad-wash p-4 text-sm break-words text-bad">
                  {previewWords.refused(stop.message, stop.hint)}
                </p>
              )}
            </For>
            <For each={found().settled}>
              {(rule) => (
                <p class="mt-2 rounded-lg bg-warn-wash p-4 text-sm break-words text-warn">
                  {previewWords.kept(rule.message, rule.hint)}
                </p>
              )}
            </For>
            <Show when={found().differing.length > 0}>
              <Differences tables={found().differing} plan={found().plan} kept={found().kept} />
            </Show>
          </>
        )}
      </Show>
    </section>
  );
}

function Differences(props: { tables: PreviewedTable[]; plan: string; kept: ReadonlySet<string> }) {
  const [open, setOpen] = createSignal<string | null>(null);
  return (
    <>
      <table class="tabular mt-2 w-full text-sm">
        <caption class="sr-only">{previewWords.caption}</caption>
        <ColumnHeaders of={[previewWords.table, previewWords.added, previewWords.changed, previewWords.removed]} />
        <tbody>
          <For each={props.tables}>
            {(table) => (
              <tr class="border-t border-line">
                <th scope="row" class="py-1.5 text-left font-normal">
                  <TableName name={table.table} />
                  <Show when={props.kept.has(table.table)}>
                    <button
                      type="button"
                      class="ml-1 inline-flex min-h-11 items-center px-2 text-brand hover:underline sm:min-h-9"
                      aria-expanded={open() === table.table}
                      aria-label={(open() === table.table ? previewWords.hideRows : previewWords.showRows)(
                        tableLabel(table.table),
                      )}
                      onClick={() => setOpen(open() === table.table ? null : table.table)}
                    >
                      {previewWords.rows}
                    </button>
                  </Show>
                  <Show when={Object.keys(table.columns).length > 0}>
                    <span class="block text-xs break-words text-soft">
                      {previewWords.columns(Object.keys(table.columns))}
                    </span>
                  </Show>
                </th>
                <td class="py-1.5 pl-4 text-right">{countText(table.added)}</td>
                <td class="py-1.5 pl-4 text-right">{countText(table.changed)}</td>
                <td class={`py-1.5 pl-4 text-right ${table.removed > 0 ? 'text-warn' : ''}`}>
                  {countText(table.removed)}
                </td>
              </tr>
            )}
          </For>
        </tbody>
      </table>
      {/* Another table starts anew: nothing revealed of one is carried over. */}
      <Show when={open()} keyed>
        {(table) => <DifferenceRows plan={props.plan} table={table} />}
      </Show>
    </>
  );
}
