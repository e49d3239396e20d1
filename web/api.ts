import { createTRPCClient, httpBatchLink, httpSubscriptionLink, splitLink } from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import type { AppRouter } from '../server/client/router.ts';
import { recordConnection } from './lib/server/connection.ts';
import { ForeignResponse } from './lib/server/failure.ts';
import { probedFetch } from './lib/server/probed-fetch.ts';

/**
 * Calls every procedure of the server, with its own types. Session cookies are sent by the browser. Rejects with errors that `failureOf`
 * understands.
 */
export const api = createTRPCClient<AppRouter>({
  links: [
    splitLink({
      condition: ({ type }) => type === 'subscription',
      true: httpSubscriptionLink({ url: '/trpc' }),
      false: httpBatchLink({
        url: '/trpc',
        maxItems: 20,
        // Proxies refuse longer lines; the rest of a batch goes in another request.
        maxURLLength: 8000,
        fetch: (url, init) =>
          watched(probedFetch(String(url), { ...(init as RequestInit), signal: init?.signal ?? null }), init?.signal),
      }),
    }),
  ],
});

/** Resolves with the response, and records whether the server answered. Throws `ForeignAnswer` for a response that is not JSON. */
async function watched(answer: Promise<Response>, signal: AbortSignal | null | undefined): Promise<Response> {
  try {
    const response = await answer;
    recordConnection(true);
    if (!response.headers.get('content-type')?.includes('json')) throw new ForeignResponse(response.status);
    return response;
  } catch (error) {
    if (!signal?.aborted && !(error instanceof ForeignResponse)) recordConnection(false);
    throw error;
  }
}

type Answer<Call extends (...words: never[]) => Promise<{ data: unknown }>> = Awaited<ReturnType<Call>>['data'];

export type Person = Answer<typeof api.auth.me.query>;
export type Status = Answer<typeof api.system.status.query>;
export type Recommendation = Status['recommendations'][number];
export type BackupPage = Answer<typeof api.backups.list.query>;
export type BackupInfo = BackupPage['items'][number];
export type OneBackup = Answer<typeof api.backups.get.query>;
export type BackupDetail = NonNullable<OneBackup['detail']>;
export type RowPage = Answer<typeof api.backups.rows.query>;
export type SearchQuery = inferRouterInputs<AppRouter>['backups']['find'];
export type SearchStep =
  inferRouterOutputs<AppRouter>['backups']['find'] extends AsyncIterable<infer Step> ? Step : never;
export type BackupQuery = NonNullable<Parameters<typeof api.backups.list.query>[0]>;
export type NewBackup = NonNullable<Parameters<typeof api.backups.create.mutate>[0]>;
export type Operation = Answer<typeof api.operations.get.query>;
export type OperationQuery = NonNullable<Parameters<typeof api.operations.list.query>[0]>;
export type OperationState = Operation['state'];
export type AuditRow = Answer<typeof api.audit.list.query>['rows'][number];
// biome-ignore lint/suspicious/noConfusingVoidType: the type tRPC gives an optional input
export type AuditQuery = Exclude<Parameters<typeof api.audit.list.query>[0], void | undefined>;
export type ChainCheck = Answer<typeof api.audit.verify.query>;
export type SessionLine = Answer<typeof api.auth.sessions.query>[number];
export type TokenLine = Answer<typeof api.tokens.list.query>[number];
export type Scope = Person['scopes'][number];
