import { useSearchParams } from '@solidjs/router';
import { keepPreviousData, useQuery } from '@tanstack/solid-query';
import { For, Show } from 'solid-js';
import { backupTime } from '../../lib/backup-actions.ts';
import { type BackupSearch, filterOf } from '../../lib/backup-search.ts';
import { now } from '../../lib/clock.ts';
import { agoText, amountText, bytesText } from '../../lib/format.ts';
import { createDebouncedText } from '../../lib/input/debounced-text.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { restoreWords } from '../../strings/restore.ts';
import { words } from '../../strings/shared.ts';
import { BackupBadges } from '../../ui/backup-badges.tsx';
import { Field } from '../../ui/forms/field.tsx';
import { Pager } from '../../ui/lists/pager.tsx';
import { QueryList } from '../../ui/lists/query-list.tsx';
import { Moment } from '../../ui/moment.tsx';

const PAGE_SIZE = 10;
const { restore: w } = restoreWords;

/** Lists all stored backups that can be opened, newest first, with pages and a search. */
export function BackupPicker(props: { onPick: (name: string) => void }) {
  const [address, setAddress] = useSearchParams<BackupSearch>();
  const search = () => address.search ?? '';
  const [typed, setTyped] = createDebouncedText(search, (text) =>
    setAddress({ search: text || null, page: null }, { replace: true }),
  );
  const found = useQuery(() => ({
    ...queries.backups({
      ...filterOf({ search: search(), ...(address.page && { page: address.page }) }, PAGE_SIZE),
      damaged: false,
    }),
    placeholderData: keepPreviousData,
  }));
  const known = () => latestData(found);
  const emptyText = () => (search() ? words.backups.noMatchFor(search()) : w.noBackups);
  return (
    <>
      <p class="mb-3 text-sm text-soft">{w.storedHint}</p>
      <search class="mb-3 block">
        <Field
          label={words.backups.search}
          type="search"
          maxlength={200}
          placeholder={words.backups.searchHint}
          value={typed()}
          onInput={setTyped}
        />
      </search>
      <QueryList
        of={found}
        searchKey={search()}
        announcement={known()?.items.length ? words.backups.found(known()?.total ?? 0) : emptyText()}
        skeleton={<div class="skeleton h-96 rounded-lg" />}
        isEmpty={known()?.items.length === 0}
        empty={<p class="p-4 text-sm">{emptyText()}</p>}
      >
        <ul aria-label={words.backups.caption} aria-busy={found.isPlaceholderData} class="divide-y divide-line">
          <For each={known()?.items}>
            {(backup) => (
              <li>
                <button
                  type="button"
                  class="w-full px-3 py-2.5 text-left hover:bg-sunk focus-visible:-outline-offset-2"
                  onClick={() => props.onPick(backup.fileName)}
                >
                  <span class="flex flex-wrap items-baseline gap-x-2 text-sm">
                    <span class="font-medium">
                      <Moment at={backupTime(backup)} />
                    </span>
                    <span class="text-soft">{agoText(new Date(backupTime(backup)), now())}</span>
                  </span>
                  <span class="mt-0.5 block text-sm break-all text-soft">{backup.fileName}</span>
                  <Show when={backup.origin}>
                    <span class="block text-sm wrap-anywhere text-soft">{words.backups.of(backup.origin ?? '')}</span>
                  </Show>
                  <span class="tabular mt-1 flex flex-wrap items-center gap-x-3 gap-y-1 text-sm text-soft">
                    {amountText(backup.metadata?.totalRecords ?? 0, 'row')}, {bytesText(backup.size)}
                    <BackupBadges backup={backup} />
                  </span>
                </button>
              </li>
            )}
          </For>
        </ul>
      </QueryList>
      <Show when={known()}>
        {(all) => (
          <Pager
            offset={all().offset}
            size={PAGE_SIZE}
            total={all().total}
            onPage={(number) => setAddress({ page: number === 1 ? null : String(number) })}
          />
        )}
      </Show>
    </>
  );
}
