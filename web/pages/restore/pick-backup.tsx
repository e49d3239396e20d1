import { useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { answerOf } from '../../lib/answer.ts';
import { madeAt } from '../../lib/backup-actions.ts';
import { now } from '../../lib/clock.ts';
import { agoText, amountText, bytesText } from '../../lib/format.ts';
import { queries } from '../../lib/queries.ts';
import { restoreWords } from '../../strings-restore.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { Moment } from '../../ui/moment.tsx';
import { QuestionFailure } from '../../ui/question-failure.tsx';

const SHOWN = 100;
const { restore: w } = restoreWords;

/** The newest stored backups that can be opened. */
export function PickBackup(props: { onPick: (name: string) => void }) {
  const page = useQuery(() => queries.backups({ limit: SHOWN, sort: 'madeAt' }));
  const sound = () => answerOf(page)?.items.filter(({ damaged }) => damaged === null) ?? [];
  return (
    <>
      <p class="mb-3 text-sm text-soft">{w.storedHint}</p>
      <QuestionFailure of={page} class="mb-3" />
      <Show
        when={answerOf(page)}
        fallback={
          <Show when={page.isPending}>
            <div class="skeleton h-96 rounded-lg" />
          </Show>
        }
      >
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
                    <span class="flex flex-wrap items-baseline gap-x-2 text-sm">
                      <span class="font-medium">
                        <Moment at={madeAt(backup)} />
                      </span>
                      <span class="text-soft">{agoText(new Date(madeAt(backup)), now())}</span>
                    </span>
                    <span class="mt-0.5 block text-sm break-all text-soft">{backup.fileName}</span>
                    <span class="tabular mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-soft">
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
