import { Show } from 'solid-js';
import { failureOf } from '../lib/server/failure.ts';
import { FailureNotice } from './failure-notice.tsx';

/** The fields of a query this component reads: its last error, and fetching again. */
interface FailingQuery {
  error: unknown;
  refetch: () => Promise<unknown>;
}

/** Shows the last error of a query above its data, with a button to fetch again. Nothing without an error. */
export function QueryFailure(props: { of: FailingQuery; class?: string }) {
  return (
    <Show when={props.of.error}>
      {(error) => {
        // What is not there will not be there on the next try.
        const isFinal = () => failureOf(error()).code === 'NOT_FOUND';
        return (
          <div class={props.class ?? 'mb-4'}>
            <FailureNotice
              failure={failureOf(error())}
              onRetry={isFinal() ? undefined : () => void props.of.refetch()}
            />
          </div>
        );
      }}
    </Show>
  );
}
