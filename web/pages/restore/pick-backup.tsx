import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { madeAt } from '../../lib/backup-actions.ts';
import { failureOf } from '../../lib/failure.ts';
import { amountText, bytesText } from '../../lib/format.ts';
import { queries } from '../../lib/queries.ts';
import { restoreWords } from '../../strings-restore.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Moment } from '../../ui/moment.tsx';

const SHOWN = 100;
const { restore: w } = restoreWords;

/** The newest stored backups that can be opened. */
export function PickBackup(props: { onPick: (name: string) => void }) {
  const page = useQuery(() => queries.backups({ limit: SHOWN, sort: 'madeAt' }));
  const sound = () => (page.isSuccess ? page.data.items.filter(({ damaged }) => damaged === null) : []);
  return (
    <>
      <p class="mb-3 text-sm text-soft">{w.storedHint}</p>
      <Show when={page.error}>
        {(error) => <FailureNotice failure={failureOf(error())} onRetry={() => void page.refetch()} />}
      </Show>
      <Show when={page.isSuccess} fallback={<div class="skeleton h-96 rounded-lg" />}>
        <Show when={sound().length > 0} fallback={<p class="text-sm">{w.noBackups}</p>}>
          <ul class="-mx-2 max-h-96 space-y-1 overflow-y-auto px-2 py-1">
            <For each={sound()}>
              {(backup) => (
                <li>
                  <button
                    type="button"
                    class="w-full rounded-lg border border-line px-3 py-2.5 text-left hover:bg-sunk"
                    onClick={() => props.onPick(backup.fileName)}
                  >
                    <span class="block text-sm font-medium break-all">{backup.fileName}</span>
                    <span class="tabular mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-soft">
                      <Moment at={madeAt(backup)} />
                      {amountText(backup.metadata?.totalRecords ?? 0, 'row')}, {bytesText(backup.size)}
                      <BackupBadges backup={backup} />
                    </span>
                  </button>
                </li>
              )}
            </For>
          </ul>
        </Show>
      </Show>
    </>
  );
}
