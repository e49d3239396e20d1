import { createSignal } from 'solid-js';
import { failureOf } from '../server/failure.ts';
import { needsPassword, useMe } from '../server/session.ts';

interface Question {
  /** True when the server demands the password, even if it was given recently. */
  always: boolean;
  answer(given: boolean): void;
}

const [question, setQuestion] = createSignal<Question | null>(null);

/** The open question of the password dialog; null when there is none. */
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

/**
 * Returns a function that runs work which gives data away, after asking for the password where needed. It resolves with null when the
 * person declines.
 */
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
