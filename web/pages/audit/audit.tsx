import { useSearchParams } from '@solidjs/router';
import { keepPreviousData, useInfiniteQuery, useMutation, useQuery } from '@tanstack/solid-query';
import Download from 'lucide-solid/icons/download';
import RefreshCw from 'lucide-solid/icons/refresh-cw';
import { createMemo, For, Show } from 'solid-js';
import { type AuditRow, api } from '../../api.ts';
import { now } from '../../lib/clock.ts';
import { saveFrom } from '../../lib/download.ts';
import { dayText } from '../../lib/format.ts';
import { failureOf, panelFailure } from '../../lib/server/failure.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { keys } from '../../lib/server/queries.ts';
import { useWithStepUp } from '../../lib/step-up/with-step-up.ts';
import { auditWords as w } from '../../strings/audit.ts';
import { Button, buttonClass } from '../../ui/button.tsx';
import { EmptyState, PageHeading } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { LoadMore, QueryList } from '../../ui/lists/query-list.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';
import { AuditCheck } from './audit-check.tsx';
import { AuditEntry } from './audit-entry.tsx';
import { type AuditSearch, auditFilterOf, exportPath } from './audit-filter.ts';
import { AuditFilters } from './audit-filters.tsx';

const PAGE_SIZE = 50;
const REFETCH_MS = 10_000;

/**
 * Renders the audit: everything that was tried. Its rows stay still while somebody reads; newer ones are announced, and shown on request.
 */
export function Audit() {
  const [search, setSearch] = useSearchParams<AuditSearch>();
  const filter = () => auditFilterOf(search);
  const isFiltered = () => Object.keys(filter()).length > 0;
  const emptyText = () => (isFiltered() ? w.noMatch : w.none);
  const pages = useInfiniteQuery(() => ({
    queryKey: [...keys.audit, 'pages', filter()],
    staleTime: REFETCH_MS,
    refetchOnWindowFocus: false,
    placeholderData: keepPreviousData,
    initialPageParam: null as number | null,
    getNextPageParam: (last: { next: number | null }) => last.next,
    async queryFn({ pageParam, signal }: { pageParam: number | null; signal: AbortSignal }) {
      const asked = { ...filter(), limit: PAGE_SIZE, ...(pageParam !== null && { before: pageParam }) };
      return (await api.audit.list.query(asked, { signal })).data;
    },
  }));
  const newest = useQuery(() => ({
    queryKey: [...keys.audit, 'newest', filter()],
    refetchInterval: REFETCH_MS,
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.audit.list.query({ ...filter(), limit: 1 }, { signal })).data.rows[0]?.id ?? 0,
  }));
  // Rows never change: reuse the known object, so that its unfolded details stay.
  const known = new Map<number, AuditRow>();
  const rows = createMemo(() =>
    (latestData(pages)?.pages.flatMap((page) => page.rows) ?? []).map((row) => {
      const first = known.get(row.id) ?? row;
      known.set(row.id, first);
      return first;
    }),
  );
  /** Returns the day to print above a row, when it is the first of that day. */
  const dayHeading = (at: number) => {
    const day = (row: AuditRow | undefined) => row && dayText(new Date(row.at), now());
    const own = day(rows()[at]);
    return own === undefined || own === day(rows()[at - 1]) ? null : own;
  };
  const hasNewer = () =>
    pages.isSuccess && !pages.isPlaceholderData && newest.isSuccess && newest.data > (rows()[0]?.id ?? 0);
  const check = useMutation(() => ({
    mutationFn: async () => (await api.audit.verify.query()).data,
    onSettled: () => void newest.refetch(),
  }));
  const passwordFirst = useWithStepUp();
  /** Downloads the export through a link of its own, once the server has said that it would answer. */
  const saveExport = useMutation(() => ({
    mutationFn: (address: string) =>
      passwordFirst(async () => {
        const { status } = await fetch(address, { method: 'HEAD' });
        if (status === 401) throw panelFailure('STEP_UP_REQUIRED', w.passwordMissing);
        saveFrom(address);
      }),
  }));
  const onExportClick = (event: MouseEvent) => {
    event.preventDefault();
    if (!saveExport.isPending) saveExport.mutate(exportPath(filter()));
  };
  let field: HTMLInputElement | undefined;
  const clearFilters = () => {
    setSearch({ search: null, outcome: null, action: null, actor: null, from: null, to: null }, { replace: true });
    field?.focus();
  };

  return (
    <>
      <PageHeading title={w.title} lead={w.lead}>
        <Button busy={check.isPending} onClick={() => check.mutate()}>
          {check.isPending ? w.checking : w.check}
        </Button>
      </PageHeading>
      <div role="status" class="contents">
        <Show when={check.isSuccess && check.data}>{(found) => <AuditCheck found={found()} />}</Show>
      </div>
      <Show when={check.error}>
        {(error) => (
          <div class="mb-6">
            <FailureNotice failure={failureOf(error())} onRetry={() => check.mutate()} />
          </div>
        )}
      </Show>
      <Show when={saveExport.error}>
        {(error) => (
          <div class="mb-6">
            <FailureNotice failure={failureOf(error())} />
          </div>
        )}
      </Show>
      <AuditFilters
        ref={(found) => {
          field = found;
        }}
      />
      <div class="mb-3 flex min-h-11 flex-wrap items-center gap-x-4 gap-y-2">
        <a
          href={exportPath(filter())}
          download=""
          class={buttonClass()}
          aria-describedby="export-lead"
          onClick={onExportClick}
        >
          <Download class="size-4" aria-hidden="true" />
          {w.export}
        </a>
        <p id="export-lead" class="min-w-0 flex-1 basis-52 text-sm text-soft">
          {w.exportLead(isFiltered())}
        </p>
        <div role="status">
          <Show when={hasNewer()}>
            <span class="sr-only">{w.newerSaid}</span>
            <Button variant="ghost" busy={pages.isFetching} onClick={() => void pages.refetch()}>
              <RefreshCw class="size-4" aria-hidden="true" />
              {w.newer}
            </Button>
          </Show>
        </div>
      </div>
      <QueryList
        of={pages}
        searchKey={JSON.stringify(filter())}
        announcement={rows().length > 0 ? w.found(rows().length, !pages.hasNextPage) : emptyText()}
        skeleton={<TextSkeleton count={12} class="p-5" />}
        isEmpty={rows().length === 0}
        empty={
          <EmptyState title={emptyText()} lead={isFiltered() ? w.noMatchLead : w.noneLead}>
            <Show when={isFiltered()}>
              <Button onClick={clearFilters}>{w.showAll}</Button>
            </Show>
          </EmptyState>
        }
      >
        <ul aria-label={w.caption} aria-busy={pages.isPlaceholderData} class="divide-y divide-line">
          <For each={rows()}>
            {(row, at) => (
              <AuditEntry
                row={row}
                day={dayHeading(at())}
                onOnlyBy={(actor) => setSearch({ actor }, { replace: true })}
              />
            )}
          </For>
        </ul>
      </QueryList>
      <LoadMore of={pages}>{w.older}</LoadMore>
    </>
  );
}
