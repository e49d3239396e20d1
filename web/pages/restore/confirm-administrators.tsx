import { For, Show } from 'solid-js';
import { restoreWords } from '../../strings/restore.ts';

const { people: w } = restoreWords;

interface Person {
  email: string;
  change: 'new' | 'changed' | 'removed';
  role: string | null;
  roleNow: string | null;
  what: string[];
}

/** The people a restore would make administrators, or different ones, as named in the server's refusal. */
export interface AdministratorChanges {
  people: Person[];
  more: number;
  /** The text to send back to confirm them. */
  confirmation: string;
}

/** Reads the question from a refusal's details; null when it asks about nobody. */
export function administratorChanges(details: Record<string, unknown>): AdministratorChanges | null {
  const { administrators: people, more, confirmAdministrators: confirmation } = details;
  if (!Array.isArray(people) || typeof confirmation !== 'string') return null;
  return { people: people as Person[], more: typeof more === 'number' ? more : 0, confirmation };
}

/** Names these people, and asks whether they are known. */
export function ConfirmAdministrators(props: {
  of: AdministratorChanges;
  known: boolean;
  onKnown: (known: boolean) => void;
}) {
  return (
    <fieldset class="rounded-lg bg-warn-wash p-4 text-sm">
      <legend class="sr-only">{w.title}</legend>
      <p class="font-semibold">{w.title}</p>
      <ul class="mt-2 list-disc space-y-1 pl-5 break-words">
        <For each={props.of.people}>
          {(person) => (
            <li>
              <strong>{person.email}</strong>: {w.change(person)}
            </li>
          )}
        </For>
        <Show when={props.of.more > 0}>
          <li>{w.more(props.of.more)}</li>
        </Show>
      </ul>
      <label class="mt-3 flex min-h-11 items-center gap-3">
        <input
          type="checkbox"
          class="size-5"
          checked={props.known}
          onChange={(event) => props.onKnown(event.currentTarget.checked)}
        />
        {w.known}
      </label>
    </fieldset>
  );
}
