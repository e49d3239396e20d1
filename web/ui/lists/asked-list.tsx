import { createEffect, type JSX, Show } from 'solid-js';
import { say } from '../../lib/say.ts';
import { answerOf } from '../../lib/server/answer.ts';
import { Button } from '../button.tsx';
import { QuestionFailure } from '../question-failure.tsx';

interface Asked {
  isSuccess: boolean;
  isRefetchError: boolean;
  isPending: boolean;
  /** What is shown answers the question before. */
  isPlaceholderData: boolean;
  data: unknown;
  error: unknown;
  refetch: () => Promise<unknown>;
}

interface AskedListProps {
  /** What was asked for the rows. */
  of: Asked;
  /** What is looked for, on whichever page of it. The answer to another one than at first is told to those who do not see the rows change. */
  question: string;
  /** What is told of the answer: how many rows fit, or that none does. */
  told: string;
  /** Stands where the rows will be, as high as they. */
  skeleton: JSX.Element;
  isEmpty: boolean;
  /** What is said when there is no row. */
  empty: JSX.Element;
  children: JSX.Element;
}

/** The box of a list that was asked for: not there yet, empty, or its rows, which stay below the failure when asking again fails. */
export function AskedList(props: AskedListProps) {
  createEffect<string>((answered) => {
    if (!props.of.isSuccess || props.of.isPlaceholderData || props.question === answered) return answered;
    say(props.told);
    return props.question;
  }, props.question);
  return (
    <>
      <QuestionFailure of={props.of} />
      <div class="overflow-clip rounded-xl border border-line bg-card">
        <Show when={answerOf(props.of)} fallback={<Show when={props.of.isPending}>{props.skeleton}</Show>}>
          <Show when={!props.isEmpty} fallback={props.empty}>
            {props.children}
          </Show>
        </Show>
      </div>
    </>
  );
}

interface Paged {
  hasNextPage: boolean;
  isFetchingNextPage: boolean;
  fetchNextPage: () => Promise<unknown>;
}

/** Asks for older rows, where there are any. */
export function Older(props: { of: Paged; children: string }) {
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
