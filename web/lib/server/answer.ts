/** The fields of a query this module reads. */
interface Question<Data> {
  isSuccess: boolean;
  /** True when it was answered before, and fetching again has failed. */
  isRefetchError: boolean;
  data: Data | undefined;
}

/** Returns the last data of a query, also when fetching again has failed; null before the first answer. Never suspends. */
export function answerOf<Data>(question: Question<Data>): Data | null {
  return question.isSuccess || question.isRefetchError ? (question.data ?? null) : null;
}
