import { Show } from 'solid-js';
import { failureOf } from '../lib/server/failure.ts';
import { FailureNotice } from './failure-notice.tsx';

/** What is asked of a question: what it failed with last, and that it be asked again. */
interface Question {
  error: unknown;
  refetch: () => Promise<unknown>;
}

/** Above what a question shows: why asking failed the last time, with the way to ask again. Nothing where it did not. */
export function QuestionFailure(props: { of: Question; class?: string }) {
  return (
    <Show when={props.of.error}>
      {(error) => (
        <div class={props.class ?? 'mb-4'}>
          <FailureNotice failure={failureOf(error())} onRetry={() => void props.of.refetch()} />
        </div>
      )}
    </Show>
  );
}
