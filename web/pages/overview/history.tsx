import { useQuery } from '@tanstack/solid-query';
import { createMemo, For, Show } from 'solid-js';
import { api, type BackupInfo } from '../../api.ts';
import { now } from '../../lib/clock.ts';
import { bytesText, durationText } from '../../lib/format.ts';
import { type HistoryPoint, numberField } from '../../lib/operations/operation.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { keys } from '../../lib/server/queries.ts';
import { historyWords as w } from '../../strings/history.ts';
import { words } from '../../strings/shared.ts';
import { Moment } from '../../ui/moment.tsx';
import { backupDays } from './backup-days.ts';
import { Days } from './days.tsx';

const DAYS = 14;

/** Shows the state of each day's backups; sizes and durations are in a folded part. */
export function History(props: { backups: BackupInfo[] }) {
  const made = useQuery(() => ({
    queryKey: [...keys.operations, 'made'],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.operations.list.query({ kinds: ['backup'], states: ['succeeded'], limit: 100 }, { signal })).data
        .operations,
  }));
  const failed = useQuery(() => ({
    queryKey: [...keys.operations, 'failed'],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.operations.list.query({ kinds: ['backup'], states: ['failed'], limit: 100 }, { signal })).data
        .operations,
  }));
  const days = createMemo(() => backupDays(props.backups, latestData(failed) ?? [], now(), DAYS));
  const points = createMemo((): HistoryPoint[] => {
    const took = new Map(
      (latestData(made) ?? []).map(({ archive, result }) => [archive, numberField(result, 'durationMs')]),
    );
    return props.backups
      .filter(({ kind, metadata }) => kind === 'full' && metadata)
      .map(({ fileName, size, metadata, createdAt }) => ({
        at: metadata?.timestamp ?? createdAt,
        size,
        took: took.get(fileName) ?? null,
      }))
      .toSorted((a, b) => Date.parse(a.at) - Date.parse(b.at));
  });
  return (
    <>
      <p class="mb-3 text-sm text-soft">{w.lead(DAYS)}</p>
      <Days of={days()} />
      <Show when={points().length > 1}>
        <details class="mt-3">
          <summary class="min-h-8 cursor-pointer py-1 text-sm font-medium">{w.sizes}</summary>
          {/* Focusable, so that keys scroll it. */}
          <section tabindex="0" aria-label={w.sizes} class="max-h-64 overflow-auto">
            <table class="tabular w-full text-sm">
              <thead>
                <tr class="text-left text-soft">
                  <th scope="col" class="py-1 font-normal">
                    {words.overview.when}
                  </th>
                  <th scope="col" class="py-1 text-right font-normal">
                    {words.overview.size}
                  </th>
                  <th scope="col" class="py-1 text-right font-normal">
                    {words.overview.took}
                  </th>
                </tr>
              </thead>
              <tbody>
                <For each={points().toReversed()}>
                  {(point) => (
                    <tr class="border-t border-line">
                      <td class="py-1">
                        <Moment at={point.at} />
                      </td>
                      <td class="py-1 text-right">{bytesText(point.size)}</td>
                      <td class="py-1 text-right">{point.took === null ? words.unknown : durationText(point.took)}</td>
                    </tr>
                  )}
                </For>
              </tbody>
            </table>
          </section>
        </details>
      </Show>
    </>
  );
}
