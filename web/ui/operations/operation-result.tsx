import { A } from '@solidjs/router';
import CircleCheck from 'lucide-solid/icons/circle-check';
import { For, type JSX, Show } from 'solid-js';
import type { Operation } from '../../api.ts';
import { bytesText, countText, durationText } from '../../lib/format.ts';
import { changedRows, isIncomplete, numberField, tableLabel, textListField } from '../../lib/operations/operation.ts';
import { failureFrom } from '../../lib/server/failure.ts';
import { words } from '../../strings/shared.ts';
import { changedText, wayText } from '../../strings/ways.ts';
import { buttonClass } from '../button.tsx';
import { DescriptionList } from '../card.tsx';
import { FailureNotice } from '../failure-notice.tsx';

/** Shows the result of an operation, or its failure and what to do. */
export function OperationResult(props: { operation: Operation }) {
  const { operation: w } = words;
  const result = () => props.operation.result;
  const warnings = () => textListField(result(), 'warnings');
  const isPartial = () => isIncomplete(props.operation);
  const chosen = () => textListField(props.operation.parameters, 'tables');
  const facts = (): [string, JSX.Element][] => {
    const found: [string, JSX.Element][] = [];
    const rows =
      numberField(result(), 'totalRecords') ??
      numberField(result(), 'restoredRecords') ??
      numberField(result(), 'rows');
    const took = numberField(result(), 'durationMs');
    const size = numberField(result(), 'size');
    const locked = numberField(result(), 'lockedMs');
    if (chosen().length > 0) found.push([w.perTable, chosen().map(tableLabel).join(', ')]);
    if (rows !== null) found.push([w.rows, countText(rows)]);
    if (size !== null) found.push([w.size, bytesText(size)]);
    if (took !== null) found.push([w.took, durationText(took)]);
    const changed = changedRows(result());
    const way = result()?.['way'];
    const why = result()?.['why'];
    if (changed !== null) found.push([w.changed, changedText(changed, numberField(result(), 'writersWaitMs') ?? 0)]);
    else if (locked !== null) found.push([w.locked, durationText(locked)]);
    if (typeof way === 'string' && typeof why === 'string') found.push([w.way, wayText(way, why)]);
    return found;
  };
  return (
    <div class="space-y-4">
      <Show when={props.operation.state === 'succeeded'}>
        <p class={`flex items-center gap-2 font-medium ${isPartial() ? 'text-warn' : 'text-good'}`}>
          <CircleCheck class="size-5 shrink-0" aria-hidden="true" />
          <span>
            {w.succeeded[props.operation.kind] ?? w.states.succeeded}{' '}
            <Show when={result()?.['verified'] === true}>{w.verified}</Show>{' '}
            <Show when={isPartial()}>{w.incomplete}</Show>
          </span>
        </p>
        <DescriptionList of={facts()} />
      </Show>
      <Show when={props.operation.state !== 'succeeded' && props.operation.error}>
        {(error) => (
          <Show when={props.operation.state === 'failed'} fallback={<p class="text-sm text-soft">{error().message}</p>}>
            <FailureNotice failure={failureFrom(error())} />
          </Show>
        )}
      </Show>
      <Show when={warnings().length > 0}>
        <div class="rounded-lg bg-warn-wash p-4 text-sm text-warn">
          <p class="font-medium">{w.warnings}</p>
          <ul class="mt-1 list-disc space-y-1 pl-5">
            <For each={warnings()}>{(warning) => <li class="break-words">{warning}</li>}</For>
          </ul>
        </div>
      </Show>
      <Show
        when={props.operation.state === 'succeeded' && props.operation.kind !== 'restore' && props.operation.archive}
      >
        {(archive) => (
          <A href={`/backups/${encodeURIComponent(archive())}`} class={buttonClass()}>
            {w.openBackup}
          </A>
        )}
      </Show>
    </div>
  );
}
