import { A, useSearchParams } from '@solidjs/router';
import { useInfiniteQuery } from '@tanstack/solid-query';
import { createMemo, For, Show } from 'solid-js';
import { api, type Operation, type OperationState } from '../api.ts';
import { now } from '../lib/clock.ts';
import { durationText } from '../lib/format.ts';
import { elapsedMs, operationTitle } from '../lib/operations/operation.ts';
import { latestData } from '../lib/server/latest-data.ts';
import { keys } from '../lib/server/queries.ts';
import { words } from '../strings/shared.ts';
import { EmptyState, PageHeading } from '../ui/card.tsx';
import { Select } from '../ui/forms/field.tsx';
import { LoadMore, QueryList } from '../ui/lists/query-list.tsx';
import { Moment } from '../ui/moment.tsx';
import { ActiveOperations } from '../ui/operations/active-operations.tsx';
import { TextSkeleton } from '../ui/skeleton.tsx';
import { StateBadge } from '../ui/state-badge.tsx';

const PAGE_SIZE = 25;
const REFETCH_MS = 10_000;
const KINDS: Record<string, string> = {
  all: words.operations.all,
  backup: words.operation.kind('backup'),
  verify: words.operation.kind('verify'),
  plan: words.operation.kind('plan'),
  restore: words.operation.kind('restore'),
  upload: words.operation.kind('upload'),
};
const STATES: Record<OperationState | 'all', string> = { all: words.operations.all, ...words.operation.states };

type Search = { [key: string]: string | undefined; kind?: string; state?: string };

/** Renders the list of all operations, running and past. */
export function Operations() {
  const [search, setSearch] = useSearchParams<Search>();
  const kind = () => (Object.hasOwn(KINDS, search.kind ?? '') ? (search.kind ?? 'all') : 'all');
  const state = () => (Object.keys(STATES) as (keyof typeof STATES)[]).find((one) => one === search.state) ?? 'all';
  const pages = useInfiniteQuery(() => ({
    queryKey: [...keys.operations, 'pages', kind(), state()],
    refetchInterval: REFETCH_MS,
    reconcile: 'id',
    initialPageParam: null as string | null,
    getNextPageParam: (last: { next: string | null }) => last.next,
    async queryFn({ pageParam, signal }: { pageParam: string | null; signal: AbortSignal }) {
      const chosen = state();
      const filter = {
        limit: PAGE_SIZE,
        ...(kind() !== 'all' && { kinds: [kind()] }),
        ...(chosen !== 'all' && { states: [chosen] }),
        ...(pageParam !== null && { before: pageParam }),
      };
      return (await api.operations.list.query(filter, { signal })).data;
    },
  }));
  const all = createMemo(() => latestData(pages)?.pages.flatMap(({ operations }) => operations) ?? []);
  const isFiltered = () => kind() !== 'all' || state() !== 'all';
  const emptyText = () => (isFiltered() ? words.operations.noMatch : words.operations.none);
  return (
    <>
      <PageHeading title={words.operations.title} lead={words.operations.lead} />
      <ActiveOperations open />
      <search class="mb-4 grid grid-cols-2 gap-3 sm:max-w-md">
        <Select
          label={words.operations.kind}
          value={kind()}
          options={KINDS}
          onChange={(value) => setSearch({ kind: value === 'all' ? null : value }, { replace: true })}
        />
        <Select
          label={words.operations.state}
          value={state()}
          options={STATES}
          onChange={(value) => setSearch({ state: value === 'all' ? null : value }, { replace: true })}
        />
      </search>
      <QueryList
        of={pages}
        searchKey={`${kind()} ${state()}`}
        announcement={all().length > 0 ? words.operations.found(all().length, !pages.hasNextPage) : emptyText()}
        skeleton={<TextSkeleton count={8} class="p-5" />}
        isEmpty={all().length === 0}
        empty={
          <EmptyState
            title={emptyText()}
            lead={isFiltered() ? words.operations.noMatchLead : words.operations.noneLead}
          />
        }
      >
        <ul aria-label={words.operations.caption} class="divide-y divide-line">
          <For each={all()}>{(operation) => <Row operation={operation} />}</For>
        </ul>
      </QueryList>
      <LoadMore of={pages}>{words.operations.more}</LoadMore>
    </>
  );
}

function Row(props: { operation: Operation }) {
  const took = () => elapsedMs(props.operation, now());
  return (
    <li class="grid grid-cols-[1fr_auto] items-center gap-x-4 gap-y-1 px-4 py-3 text-sm md:grid-cols-[minmax(0,1fr)_7rem_14rem_5rem]">
      <div class="col-span-2 min-w-0 md:col-span-1">
        <A href={`/operations/${props.operation.id}`} class="font-medium break-all hover:underline">
          {operationTitle(props.operation)}
        </A>
        <Show when={props.operation.state === 'failed' && props.operation.error}>
          {(error) => <p class="mt-0.5 line-clamp-2 break-words text-bad">{error().message}</p>}
        </Show>
      </div>
      <div>
        <StateBadge of={props.operation} />
      </div>
      <div class="order-last col-span-2 min-w-0 text-soft md:order-none md:col-span-1">
        <Moment at={props.operation.createdAt} />
        <span class="block break-words">{words.backups.by(props.operation.actor)}</span>
      </div>
      <div class="tabular text-right text-soft">
        <Show when={took()}>{(ms) => <>{durationText(ms())}</>}</Show>
      </div>
    </li>
  );
}
