import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe } from '../server/session.ts';

interface Question {
  /** The server has asked for the password, whatever is known here. */
  always: boolean;
  answer(given: boolean): void;
}

const [question, setQuestion] = createSignal<Question | null>(null);

/** What the dialog of the frame asks just now. */
export { question };

function askForPassword(always: boolean): Promise<boolean> {
  question()?.answer(false);
  return new Promise((resolve) => {
    setQuestion({
      always,
      answer(given) {
        setQuestion(null);
        resolve(given);
      },
    });
  });
}

/** Does what gives data away after the password was given, where it is asked for. Resolves with null when somebody rather would not. */
export function usePasswordFirst() {
  const me = useMe();
  return async <Done>(work: () => Promise<Done>): Promise<Done | null> => {
    if (needsPassword(me.data, Date.now()) && !(await askForPassword(false))) return null;
    try {
      return await work();
    } catch (error) {
      if (failureOf(error).code !== 'STEP_UP_REQUIRED') throw error;
    }
    return (await askForPassword(true)) ? await work() : null;
  };
}
