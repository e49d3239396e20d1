import { type QueryClient, useQuery, useQueryClient } from '@tanstack/solid-query';
import { api, type Person } from '../../api.ts';
import { forgetSearches } from '../last-search.ts';
import { keys, queries } from './queries.ts';
import { recordSession } from './session-flag.ts';

/** A margin, so that a step-up still counts when the order arrives. */
const STEP_UP_MARGIN_MS = 15_000;

/** Queries who is signed in: undefined while loading, null for nobody. */
export function useMe() {
  return useQuery(queries.me);
}

/** Returns whether the password must be given again before an irreversible action. */
export function needsPassword(me: Person | null | undefined, now: number): boolean {
  return !me?.stepUpUntil || Date.parse(me.stepUpUntil) < now + STEP_UP_MARGIN_MS;
}

/** Returns the function that gives the password again; it then counts for some minutes. */
export function useStepUp(): (password: string) => Promise<void> {
  const client = useQueryClient();
  return async (password) => {
    const { data } = await api.auth.stepUp.mutate({ password });
    client.setQueryData(keys.me, (me: Person | null | undefined) => me && { ...me, stepUpUntil: data.stepUpUntil });
  };
}

/** Returns the function that ends the session. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await api.auth.signOut.mutate();
    switchPerson(client, null);
  };
}

/** Switches the panel to this person, or to nobody, and forgets everything shown to the one before. */
export function switchPerson(client: QueryClient, person: Person | null): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me[0] });
  forgetSearches();
  recordSession(person !== null);
  client.setQueryData(keys.me, person);
}
