import { type QueryClient, useQuery, useQueryClient } from '@tanstack/solid-query';
import { api, type Person } from '../../api.ts';
import { keys, queries } from './queries.ts';
import { rememberSession } from './session-mark.ts';

/** A moment's reserve, so that a password that still counts counts until the order arrives. */
const RESERVE_MS = 15_000;

/** Who is signed in: undefined while that is asked, null for nobody. */
export function useMe() {
  return useQuery(queries.me);
}

/** Whether the password must be given again before something that cannot be taken back. */
export function needsPassword(me: Person | null | undefined, now: number): boolean {
  return !me?.stepUpUntil || Date.parse(me.stepUpUntil) < now + RESERVE_MS;
}

/** Gives the password again, for some minutes. */
export function useStepUp(): (password: string) => Promise<void> {
  const client = useQueryClient();
  return async (password) => {
    const { data } = await api.auth.stepUp.mutate({ password });
    client.setQueryData(keys.me, (me: Person | null | undefined) => me && { ...me, stepUpUntil: data.stepUpUntil });
  };
}

/** Ends the session. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await api.auth.signOut.mutate();
    becomes(client, null);
  };
}

/** From now on it is this person who looks, or nobody: what was shown to another is forgotten. */
export function becomes(client: QueryClient, person: Person | null): void {
  client.removeQueries({ predicate: ({ queryKey }) => queryKey[0] !== keys.me[0] });
  rememberSession(person !== null);
  client.setQueryData(keys.me, person);
}
