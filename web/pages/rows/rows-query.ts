import { api, type RowPage } from '../../api.ts';
import { ROWS_PER_PAGE, type RowPosition } from '../../lib/row-position.ts';
import { keys } from '../../lib/server/queries.ts';

/** The place, search and columns of a page of rows. */
export interface RowsRequest extends RowPosition {
  backup: string;
  table: string;
  search: string;
  /** Columns revealed beside the ordinary ones; null for none. */
  revealed: string[] | null;
}

/** A page of rows, with the search it answers. */
export interface FoundRows extends RowPage {
  search: string;
}

/**
 * Builds the query for a page of rows. An archive never changes, so nothing is fetched twice. Revealing is audited each time: it is fetched
 * once, and dropped when nobody looks any more.
 */
export function rowsQuery({ backup, table, chunk, page, search, revealed }: RowsRequest) {
  const query = {
    id: backup,
    table,
    chunk,
    offset: (page - 1) * ROWS_PER_PAGE,
    limit: ROWS_PER_PAGE,
    ...(search !== '' && { search }),
  };
  const kind = revealed === null ? 'ordinary' : 'revealed';
  return {
    queryKey: [...keys.rows, kind, query, revealed],
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    ...(revealed !== null && { gcTime: 0, retry: false }),
    // The old rows stay until the next ones arrive, without what is hidden from now on.
    placeholderData: (before: FoundRows | undefined) => before && (revealed === null ? redacted(before) : before),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<FoundRows> => {
      const { data } =
        revealed === null
          ? await api.backups.rows.query(query, { signal })
          : await api.backups.reveal.mutate({ ...query, columns: revealed }, { signal });
      return { ...ordinaryFirst(data), search };
    },
  };
}

/** Puts the ordinary columns before the others, and otherwise keeps the table's order. */
export function ordinaryFirst<Page extends Pick<RowPage, 'columns' | 'rows' | 'cut'>>(page: Page): Page {
  const places = [...page.columns.keys()];
  const isOrdinary = (place: number) => page.columns[place]?.sensitivity === 'ordinary';
  const order = [...places.filter(isOrdinary), ...places.filter((place) => !isOrdinary(place))];
  return {
    ...page,
    columns: order.flatMap((place) => page.columns[place] ?? []),
    rows: page.rows.map((row) => order.map((place) => row[place] ?? null)),
    cut: page.cut.map((one) => ({ ...one, column: order.indexOf(one.column) })),
  };
}

/** Returns the columns that can be revealed. */
export function revealable({ columns }: RowPage) {
  return columns.filter(({ sensitivity }) => sensitivity !== 'ordinary' && sensitivity !== 'secret');
}

/** Removes from a page what only `backups.reveal` returns. */
function redacted(page: FoundRows): FoundRows {
  const isOrdinary = page.columns.map(({ sensitivity }) => sensitivity === 'ordinary');
  return {
    ...page,
    columns: page.columns.map((column, place) => ({ ...column, hidden: !isOrdinary[place] })),
    rows: page.rows.map((row) => row.map((value, place) => (isOrdinary[place] ? value : null))),
    cut: page.cut.filter(({ column }) => isOrdinary[column]),
  };
}
