import { MutationCache, type Query, QueryCache, QueryClient } from '@tanstack/solid-query';
import { api, type BackupQuery, type Operation, type OperationQuery, type OperationState } from '../../api.ts';
import { connected, onReconnect } from './connection.ts';
import { failureOf } from './failure.ts';
import { mayBeSignedIn, recordSessionEnd } from './session-flag.ts';

const STALE_MS = 15_000;
/** Milliseconds between two fetches of lists that others may change, while somebody looks. */
const LIST_REFETCH_MS = 15_000;
const ACTIVE_REFETCH_MS = 4000;

/** Creates the query cache. Connection failures are retried twice; a refusal is final. */
export function createPanelQueryClient(): QueryClient {
  const client = new QueryClient({
    queryCache: new QueryCache({
      onError(error) {
        // The session has ended: the guard of every page sees it, and asks to sign in again.
        if (failureOf(error).code !== 'UNAUTHENTICATED') return;
        recordSessionEnd();
        client.setQueryData(keys.me, null);
      },
    }),
    mutationCache: new MutationCache({ onError: (error) => refetchMeIfUnauthenticated(client, error) }),
    defaultOptions: {
      queries: {
        // The server may run on this very machine, so that a missing network says nothing.
        networkMode: 'always',
        staleTime: STALE_MS,
        retry: (count, error) =>
          connected() && count < 2 && ['CONNECTION_LOST', 'DATABASE_UNREACHABLE'].includes(failureOf(error).code),
        retryDelay: (count) => 500 * 2 ** count,
      },
      mutations: { networkMode: 'always', retry: false },
    },
  });
  onReconnect(() => void client.invalidateQueries({ predicate: mayHaveChanged }));
  return client;
}

/**
 * Call with the error of an order, and wait for it before showing the error. After UNAUTHENTICATED it fetches who is signed in, and the
 * guard of every page leads anonymous callers to sign in. A wrong password has the same code.
 */
async function refetchMeIfUnauthenticated(client: QueryClient, error: unknown): Promise<void> {
  if (failureOf(error).code === 'UNAUTHENTICATED') await client.invalidateQueries({ queryKey: keys.me });
}

/** Returns false for rows: an archive never changes, and fetching revealed ones again would add a look to the audit that nobody took. */
function mayHaveChanged({ queryKey, state }: Query): boolean {
  return queryKey[0] !== keys.rows[0] || state.data === undefined;
}

export const keys = {
  me: ['me'],
  status: ['status'],
  backups: ['backups'],
  operations: ['operations'],
  operation: (id: string) => ['operation', id],
  audit: ['audit'],
  tokens: ['tokens'],
  sessions: ['sessions'],
  rows: ['rows'],
  found: (backup: string) => ['found', backup],
} as const;

const ACTIVE: OperationState[] = ['queued', 'running'];

/** The queries of all pages, each in one place, so that equal questions share one fetch. */
export const queries = {
  me: () => ({
    queryKey: keys.me,
    staleTime: 60_000,
    async queryFn({ signal }: { signal: AbortSignal }) {
      if (!mayBeSignedIn()) return null;
      try {
        return (await api.auth.me.query(undefined, { signal })).data;
      } catch (error) {
        if (failureOf(error).code !== 'UNAUTHENTICATED') throw error;
        recordSessionEnd();
        return null;
      }
    },
  }),

  status: () => ({
    queryKey: keys.status,
    refetchInterval: 60_000,
    reconcile: 'code',
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.system.status.query(undefined, { signal })).data,
  }),

  backups: (filter: BackupQuery) => ({
    queryKey: [...keys.backups, 'list', filter],
    refetchInterval: LIST_REFETCH_MS,
    // A row keeps its element, and the focus in it, when something about its backup changes.
    reconcile: 'fileName',
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.backups.list.query(filter, { signal })).data,
  }),

  backup: (id: string) => ({
    queryKey: [...keys.backups, 'one', id],
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.backups.get.query({ id }, { signal })).data,
  }),

  /** Operations that are queued or running. */
  activeOperations: () => ({
    queryKey: [...keys.operations, 'active'],
    reconcile: 'id',
    staleTime: ACTIVE_REFETCH_MS,
    refetchInterval: ACTIVE_REFETCH_MS,
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.operations.list.query({ states: ACTIVE, limit: 20 }, { signal })).data.operations,
  }),

  operations: (filter: OperationQuery) => ({
    queryKey: [...keys.operations, 'list', filter],
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.operations.list.query(filter, { signal })).data,
  }),

  operation: (id: string) => ({
    queryKey: keys.operation(id),
    // The operation's stream delivers its changes.
    staleTime: Number.POSITIVE_INFINITY,
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.operations.get.query({ id }, { signal })).data,
  }),
};

/** Shows an operation that was just started, before the next fetch. */
export function showStarted(client: QueryClient, operation: Operation): void {
  client.setQueryData(queries.activeOperations().queryKey, (known: Operation[] | undefined) => [
    operation,
    ...(known ?? []).filter(({ id }) => id !== operation.id),
  ]);
  void client.invalidateQueries({ queryKey: keys.operations });
}
