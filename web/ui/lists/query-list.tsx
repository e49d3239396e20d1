import { createEffect, type JSX, Show } from 'solid-js';
import { announce } from '../../lib/announce.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { Button } from '../button.tsx';
import { QueryFailure } from '../query-failure.tsx';

interface ListQuery {
  isSuccess: boolean;
  isRefetchError: boolean;
  isPending: boolean;
  /** True while the data shown answers the previous query. */
  isPlaceholderData: boolean;
  data: unknown;
  error: unknown;
  refetch: () => Promise<unknown>;
}

interface QueryListProps {
  /** The query for the rows. */
  of: ListQuery;
  /** The search, without its page number. An answer to a changed one is announced to screen readers. */
  searchKey: string;
  /** The announcement of the answer: how many rows match, or that none does. */
  announcement: string;
  /** Shown in place of the rows, and as high as they are. */
  skeleton: JSX.Element;
  isEmpty: boolean;
  /** Shown when there is no row. */
  empty: JSX.Element;
  children: JSX.Element;
}

/** Renders the box of a queried list: loading, empty, or its rows. The rows stay below the failure when fetching again fails. */
export function QueryList(props: QueryListProps) {
  createEffect<string>((answered) => {
    if (!props.of.isSuccess || props.of.isPlaceholderData || props.searchKey === answered) return answered;
    announce(props.announcement);
    return props.searchKey;
  }, props.searchKey);
  return (
    <>
      <QueryFailure of={props.of} />
      <div class="overflow-clip rounded-xl border border-line bg-card">
        <Show when={latestData(props.of)} fallback={<Show when={props.of.isPending}>{props.skeleton}</Show>}>
          <Show when={!props.isEmpty} fallback={props.empty}>
            {props.children}
          </Show>
        </Show>
      </div>
    </>
  );
}

interface PagedQuery {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Renders the button for older rows, when there are any. */
export function LoadMore(props: { of: PagedQuery; children: string }) {
  return (
    <Show when={props.of.hasNextPage}>
      <div class="mt-4 text-center">
        <Button busy={props.of.isFetchingNextPage} onClick={() => void props.of.fetchNextPage()}>
          {props.children}
        </Button>
      </div>
    </Show>
  );
}
