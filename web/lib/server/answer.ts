/** What is asked of a question: how it stands, and its answer. */
interface Question<Data> {
  isSuccess: boolean;
  /** It was answered before, and asking again has failed. */
  isRefetchError: boolean;
  data: Data | undefined;
}

/** What a question was last answered, also when asking again has failed since; null while there is no answer. Never suspends. */
export function answerOf<Data>(question: Question<Data>): Data | null {
  return question.isSuccess || question.isRefetchError ? (question.data ?? null) : null;
}
