import { A } from '@solidjs/router';
import { For, Show } from 'solid-js';
import type { BackupPage } from '../../api.ts';
import { bytesText } from '../../lib/format.ts';
import { words } from '../../strings/shared.ts';

const SHOWN = 6;

/** Shows the largest of the newest backups, each as a share of all stored bytes. */
export function StorageUse(props: { page: BackupPage }) {
  const largest = () => props.page.items.toSorted((a, b) => b.size - a.size).slice(0, SHOWN);
  const share = (size: number) => `${props.page.totalSize > 0 ? Math.max(1, (size * 100) / props.page.totalSize) : 0}%`;
  return (
    <Show when={props.page.total > 0} fallback={<p class="text-sm text-soft">{words.overview.storageNone}</p>}>
      <p class="mb-3 text-sm text-soft">{words.overview.spaceUsed(props.page.total, props.page.totalSize)}</p>
      <ul class="space-y-3">
        <For each={largest()}>
          {(backup) => (
            <li class="text-sm">
              <div class="flex justify-between gap-3">
                <A href={`/backups/${encodeURIComponent(backup.fileName)}`} class="min-w-0 truncate hover:underline">
                  {backup.fileName}
                </A>
                <span class="tabular shrink-0 text-soft">{bytesText(backup.size)}</span>
              </div>
              <div class="mt-1 h-1.5 rounded-full bg-sunk" aria-hidden="true">
                <div class="h-full rounded-full bg-brand" style={{ width: share(backup.size) }} />
              </div>
            </li>
          )}
        </For>
      </ul>
    </Show>
  );
}
