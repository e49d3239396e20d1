/** The fields of a query this module reads. */
interface QueryResult<Data> {
  isSuccess: boolean;
  /** True when it was answered before, and fetching again has failed. */
  isRefetchError: boolean;
  data: Data | undefined;
}

/** Returns the last data of a query, also when fetching again has failed; null before the first answer. Never suspends. */
export function latestData<Data>(query: QueryResult<Data>): Data | null {
  return query.isSuccess || query.isRefetchError ? (query.data ?? null) : null;
}
