import { useSearchParams } from '@solidjs/router';
import { keepPreviousData, useQuery } from '@tanstack/solid-query';
import { createEffect, createMemo, createSignal, For, on, Show, Suspense } from 'solid-js';
import type { BackupQuery } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { useBackupActions } from '../../lib/backup-actions.ts';
import { isBackupDialogRequested, requestBackupDialog } from '../../lib/backup-dialog-request.ts';
import { type BackupSearch, DEFAULT_SORT, filterOf, PAGE_SIZE } from '../../lib/backup-search.ts';
import { createDebouncedText } from '../../lib/input/debounced-text.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { lazyWithRetry } from '../../lib/server/lazy-with-retry.ts';
import { queries } from '../../lib/server/queries.ts';
import { useMe } from '../../lib/server/session.ts';
import { bulkWords } from '../../strings/bulk.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState, PageHeading } from '../../ui/card.tsx';
import { CreateBackup } from '../../ui/create-backup.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { withToggled } from '../../ui/forms/checkbox-group.tsx';
import { Field, Select } from '../../ui/forms/field.tsx';
import { Pager } from '../../ui/lists/pager.tsx';
import { QueryList } from '../../ui/lists/query-list.tsx';
import { ActiveOperations } from '../../ui/operations/active-operations.tsx';
import { RemoveBackup } from '../../ui/remove-backup.tsx';
import { BackupRow } from './backup-row.tsx';
import type { BulkRequest } from './bulk-dialog.tsx';
import type { BulkAction } from './bulk-run.ts';
import { mayRunBulkActions, SelectionBar } from './selection-bar.tsx';

const ManyDialog = lazyWithRetry(() => import('./bulk-dialog.tsx').then(({ BulkDialog: ManyDialog }) => ManyDialog));

/** Renders the list of stored backups, with search, order and actions. The search is kept in the address, so that it can be shared. */
export function Backups() {
  const me = useMe();
  const actions = useBackupActions();
  const [search, setSearch] = useSearchParams<BackupSearch>();
  const filter = (): BackupQuery => filterOf(search);
  const page = useQuery(() => ({ ...queries.backups(filter()), placeholderData: keepPreviousData }));
  const [creating, setCreating] = createSignal(false);
  createEffect(() => {
    if (!isBackupDialogRequested()) return;
    requestBackupDialog(false);
    setCreating(true);
  });
  const [removing, setRemoving] = createSignal<string | null>(null);
  const isFiltered = () => Boolean(search.search || search.show);
  const known = () => latestData(page);
  const emptyText = () => (isFiltered() ? words.backups.noMatch : words.backups.none);
  const question = () => JSON.stringify([search.search, search.show, search.sort]);
  const [selectedNames, setSelectedNames] = createSignal<string[]>([]);
  const [bulkRequest, setBulkRequest] = createSignal<BulkRequest | null>(null);
  // The dialog stays mounted once opened: on closing it gives the focus back.
  const needsDialog = createMemo((before: boolean) => before || bulkRequest() !== null, false);
  // No action may reach a backup that is out of sight.
  createEffect(on([question, () => search.page], () => setSelectedNames([]), { defer: true }));
  const selected = createMemo(() => known()?.items.filter(({ fileName }) => selectedNames().includes(fileName)) ?? []);
  const select = (names: string[]) => {
    setSelectedNames(names);
    announce(bulkWords.said(names.length));
  };
  const ask = (kind: BulkAction) =>
    setBulkRequest({ kind, backups: selected(), everything: selected().length === known()?.total && !isFiltered() });
  let field: HTMLInputElement | undefined;
  const clearFilters = () => {
    setSearch({ search: null, show: null, page: null }, { replace: true });
    field?.focus();
  };

  return (
    <>
      <PageHeading
        title={words.backups.title}
        lead={
          <span class="tabular">
            {known() ? words.backups.summary(known()?.total ?? 0, known()?.totalSize ?? 0, isFiltered()) : ' '}
          </span>
        }
      >
        <Show when={me.data?.scopes.includes('backups:create')}>
          <Button variant="primary" onClick={() => setCreating(true)}>
            {words.backups.make}
          </Button>
        </Show>
      </PageHeading>
      <ActiveOperations open />
      <SearchBar
        ref={(found) => {
          field = found;
        }}
      />
      <Show when={actions.failure()}>
        {(failure) => (
          <div class="mb-4">
            <FailureNotice failure={failure()} />
          </div>
        )}
      </Show>
      <QueryList
        of={page}
        searchKey={question()}
        announcement={known()?.items.length ? words.backups.found(known()?.total ?? 0) : emptyText()}
        skeleton={<RowSkeletons />}
        isEmpty={known()?.items.length === 0}
        empty={
          <Show
            when={isFiltered()}
            fallback={
              <EmptyState title={emptyText()} lead={words.backups.noneLead}>
                <Button variant="primary" onClick={() => setCreating(true)}>
                  {words.backups.make}
                </Button>
              </EmptyState>
            }
          >
            <EmptyState title={emptyText()} lead={words.backups.noMatchLead}>
              <Button onClick={clearFilters}>{words.backups.showAll}</Button>
            </EmptyState>
          </Show>
        }
      >
        <Show when={me.data}>
          {(person) => (
            <SelectionBar
              shown={known()?.items ?? []}
              selected={selected()}
              me={person()}
              onSelectAll={(all) => select(all ? (known()?.items.map(({ fileName }) => fileName) ?? []) : [])}
              onAsk={ask}
            />
          )}
        </Show>
        <ul aria-label={words.backups.caption} aria-busy={page.isPlaceholderData} class="divide-y divide-line">
          <For each={known()?.items}>
            {(backup) => (
              <Show when={me.data}>
                {(person) => (
                  <BackupRow
                    backup={backup}
                    me={person()}
                    actions={actions}
                    onRemove={() => setRemoving(backup.fileName)}
                    selected={mayRunBulkActions(person()) ? selectedNames().includes(backup.fileName) : undefined}
                    onSelect={(on) =>
                      select(
                        withToggled(
                          selected().map(({ fileName }) => fileName),
                          backup.fileName,
                          on,
                        ),
                      )
                    }
                  />
                )}
              </Show>
            )}
          </For>
        </ul>
      </QueryList>
      <Show when={known()}>
        {(found) => (
          <Pager
            offset={found().offset}
            size={PAGE_SIZE}
            total={found().total}
            onPage={(number) => setSearch({ page: number === 1 ? null : String(number) })}
          />
        )}
      </Show>
      <CreateBackup open={creating()} onClose={() => setCreating(false)} />
      <RemoveBackup
        backup={known()?.items.find(({ fileName }) => fileName === removing()) ?? null}
        onClose={() => setRemoving(null)}
      />
      <Show when={needsDialog()}>
        <Suspense>
          <ManyDialog request={bulkRequest()} onClose={() => setBulkRequest(null)} />
        </Suspense>
      </Show>
    </>
  );
}

/** Renders the search bar. `ref` receives the text field. */
function SearchBar(props: { ref: (field: HTMLInputElement) => void }) {
  const [search, setSearch] = useSearchParams<BackupSearch>();
  const [typed, setTyped] = createDebouncedText(
    () => search.search ?? '',
    (text) => setSearch({ search: text || null, page: null }, { replace: true }),
  );
  const filters: Record<string, string> = words.backups.filters;
  const sorts: Record<string, string> = words.backups.sorts;
  return (
    <search class="mb-4 grid grid-cols-2 gap-3 sm:grid-cols-[1fr_12rem_12rem]">
      <Field
        ref={props.ref}
        label={words.backups.search}
        type="search"
        class="col-span-2 sm:col-span-1"
        placeholder={words.backups.searchHint}
        value={typed()}
        onInput={setTyped}
      />
      <Select
        label={words.backups.filter}
        value={search.show ?? 'all'}
        options={filters}
        onChange={(show) => setSearch({ show: show === 'all' ? null : show, page: null }, { replace: true })}
      />
      <Select
        label={words.backups.sort}
        value={search.sort ?? DEFAULT_SORT}
        options={sorts}
        onChange={(sort) => setSearch({ sort: sort === DEFAULT_SORT ? null : sort, page: null }, { replace: true })}
      />
    </search>
  );
}

function RowSkeletons() {
  return (
    <div role="status" aria-label={words.loading} class="divide-y divide-line">
      <For each={[0, 1, 2, 3, 4]}>
        {() => (
          <div class="space-y-2 px-4 py-3.5">
            <div class="skeleton h-4 w-3/5" />
            <div class="skeleton h-4 w-24" />
          </div>
        )}
      </For>
    </div>
  );
}
