import { api, type RowPage } from '../../api.ts';
import { ROWS_A_PAGE, type RowPlace } from '../../lib/row-place.ts';
import { keys } from '../../lib/server/queries.ts';

/** What is looked at. */
export interface RowQuestion extends RowPlace {
  backup: string;
  table: string;
  search: string;
  /** Columns shown beside the ordinary ones; null where none is. */
  revealed: string[] | null;
}

/** A page of rows, and what was looked for when it was asked for. */
export interface FoundRows extends RowPage {
  search: string;
}

/**
 * A page of rows inside a backup. What is revealed is recorded each time it is asked for: it is asked for once, and forgotten when nobody
 * looks any more. An archive does not change, so that nothing is asked twice.
 */
export function rowsQuery({ backup, table, chunk, page, search, revealed }: RowQuestion) {
  const query = {
    id: backup,
    table,
    chunk,
    offset: (page - 1) * ROWS_A_PAGE,
    limit: ROWS_A_PAGE,
    ...(search !== '' && { search }),
  };
  const kind = revealed === null ? 'ordinary' : 'revealed';
  return {
    queryKey: [...keys.rows, kind, query, revealed],
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    refetchOnReconnect: false,
    ...(revealed !== null && { gcTime: 0, retry: false }),
    // What was shown stays until the next is there, but nothing that is hidden from now on.
    placeholderData: (before: FoundRows | undefined) => before && (revealed === null ? veiled(before) : before),
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<FoundRows> => {
      const { data } =
        revealed === null
          ? await api.backups.rows.query(query, { signal })
          : await api.backups.reveal.mutate({ ...query, columns: revealed }, { signal });
      return { ...ordinaryFirst(data), search };
    },
  };
}

/** The page with what anybody may see before what is hidden; otherwise columns stay as the table has them. */
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

/** Columns that can be revealed. */
export function revealable({ columns }: RowPage) {
  return columns.filter(({ sensitivity }) => sensitivity !== 'ordinary' && sensitivity !== 'secret');
}

/** The page without what only `backups.reveal` answers. */
function veiled(page: FoundRows): FoundRows {
  const isOrdinary = page.columns.map(({ sensitivity }) => sensitivity === 'ordinary');
  return {
    ...page,
    columns: page.columns.map((column, place) => ({ ...column, hidden: !isOrdinary[place] })),
    rows: page.rows.map((row) => row.map((value, place) => (isOrdinary[place] ? value : null))),
    cut: page.cut.filter(({ column }) => isOrdinary[column]),
  };
}
