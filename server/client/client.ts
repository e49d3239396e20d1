import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  httpSubscriptionLink,
  splitLink,
  type TRPCClient,
  type TRPCLink,
} from '@trpc/client';
import type { inferRouterInputs, inferRouterOutputs } from '@trpc/server';
import { observable } from '@trpc/server/observable';
import { type Downloaded, type DownloadOptions, type DownloadSink, download } from './download.ts';
import { asBackupError, BackupError, connectionLost, errorOfAnswer, errorOfResponse } from './error.ts';
import { failureInAnswer } from './failure-body.ts';
import type { AppRouter } from './router.ts';
import { type Uploaded, type UploadOptions, upload } from './upload.ts';

/** An `EventSource` class whose second argument may hold a `fetch`, like that of the package `eventsource`. */
type EventSourceClass = new (
  url: string,
  init?: { fetch?: (input: string | URL, init: RequestInit) => Promise<Response> },
) => EventSourceLike;

interface EventSourceLike {
  readonly CLOSED: number;
  readonly CONNECTING: number;
  readonly OPEN: number;
  readonly readyState: number;
  addEventListener(type: string, listener: (event: object) => void): void;
  removeEventListener(type: string, listener: (event: object) => void): void;
  close(): void;
}

export interface BackupClientOptions {
  /** Address of the server, such as `https://backup.example.org`. */
  url: string;
  /** A token, or a function that returns one for each request. Absent in a browser that has signed in. */
  token?: string | (() => string | Promise<string>);
  /** By default the runtime's own. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /**
   * Needed for `watch` and `wait` where the runtime has none: in Bun and Node pass that of the package `eventsource`.
   */
  EventSource?: EventSourceClass;
}

export { BackupError };

export type OperationEvent = inferRouterOutputs<AppRouter>['operations']['get']['data'];
type OperationOnTheWire = {
  [Key in keyof OperationEvent]: OperationEvent[Key] extends Date
    ? string
    : OperationEvent[Key] extends Date | null
      ? string | null
      : OperationEvent[Key];
};

export type SearchQuery = inferRouterInputs<AppRouter>['backups']['find'];
export type SearchStep =
  inferRouterOutputs<AppRouter>['backups']['find'] extends AsyncIterable<infer Step> ? Step : never;

/**
 * Every procedure under its noun, and methods for the bytes that tRPC does not carry. Every failure is a `BackupError`.
 */
export type BackupClient = TRPCClient<AppRouter> & {
  /** Yields each state of an operation until it has ended; reconnects by itself. */
  watch(operationId: string, options?: { signal?: AbortSignal }): AsyncIterable<OperationOnTheWire>;
  /** Resolves with the operation once it has succeeded; throws the error it failed with. */
  wait(operationId: string, options?: { signal?: AbortSignal }): Promise<OperationOnTheWire>;
  /**
   * Yields the rows of a whole backup that hold a text, step by step; `people` searches all but the secret columns.
   * Ends with its signal.
   */
  search(query: SearchQuery, options?: { people?: boolean; signal?: AbortSignal }): AsyncIterable<SearchStep>;
  upload(file: Blob | Uint8Array<ArrayBuffer>, options?: UploadOptions): Promise<Uploaded>;
  /** Downloads a backup by its id or file name. */
  download(id: string, sink: DownloadSink, options?: DownloadOptions): Promise<Downloaded>;
};

/** Creates a client of a running server. Sends no request yet. */
export function createBackupClient(options: BackupClientOptions): BackupClient {
  const base = options.url.replace(/\/+$/, '');
  const { token, fetch: fetcher = (url: string, init: RequestInit) => globalThis.fetch(url, init) } = options;
  const headers = async (): Promise<Record<string, string>> => {
    const value = typeof token === 'function' ? await token() : token;
    return value === undefined ? {} : { Authorization: `Bearer ${value}` };
  };
  const trpc = createTRPCClient<AppRouter>({
    links: [
      ownErrors,
      splitLink({
        condition: ({ type }) => type === 'subscription',
        true: subscriptions(base, headers, fetcher, options.EventSource),
        false: splitLink({
          condition: ({ path }) => isStreamed(path),
          true: streams(base, headers, fetcher),
          false: httpBatchLink({
            url: `${base}/trpc`,
            headers,
            maxItems: 20,
            maxURLLength: MAX_URL_LENGTH,
            // tRPC's link needs only the JSON, and its stream types are not those of the runtime.
            async fetch(url, init) {
              const response = await fetcher(String(url), { ...init, signal: init?.signal ?? null });
              const answer: unknown = await response.json().catch(() => null);
              if (!isCallAnswer(answer)) throw errorOfAnswer(response.status, failureInAnswer(answer));
              return { body: null, ok: response.ok, json: async () => answer };
            },
          }),
        }),
      }),
    ],
  });
  const deps = { fetch: fetcher, headers };

  async function* watch(id: string, { signal }: { signal?: AbortSignal } = {}) {
    const events = signal
      ? trpc.operations.progress.subscribe({ id }, { signal })
      : trpc.operations.progress.subscribe({ id });
    for await (const event of events) yield event.data;
  }
  async function* search(
    query: SearchQuery,
    { people = false, signal }: { people?: boolean; signal?: AbortSignal } = {},
  ) {
    const procedure = people ? trpc.backups.findPeople : trpc.backups.find;
    const steps = await procedure.mutate(query, signal && { signal });
    try {
      yield* steps;
    } catch (error) {
      throw asBackupError(error, signal);
    }
  }
  const extras = {
    watch,
    search,
    async wait(id: string, how: { signal?: AbortSignal } = {}) {
      let last: OperationOnTheWire | undefined;
      for await (const operation of watch(id, how)) last = operation;
      if (how.signal?.aborted) throw asBackupError(how.signal.reason, how.signal);
      last ??= (await trpc.operations.get.query({ id })).data;
      if (last.finishedAt === null) throw connectionLost(new Error('the stream ended before the operation'));
      if (last.state === 'succeeded') return last;
      const { code = 'CANCELLED', message = `The operation is ${last.state}.`, hint, details } = last.error ?? {};
      throw new BackupError(code as BackupError['code'], message, { hint, details });
    },
    upload: (file: Blob | Uint8Array<ArrayBuffer>, how: UploadOptions = {}) =>
      upload({ ...deps, endpoint: `${base}/api/uploads/tus` }, file, how),
    download: (id: string, sink: DownloadSink, how: DownloadOptions = {}) =>
      download(deps, `${base}/api/backups/${encodeURIComponent(id)}/download`, sink, how),
  };
  // The tRPC client is a proxy that takes any name for a procedure's; ours come first.
  return new Proxy(trpc, {
    get: (target, name, receiver) =>
      Object.hasOwn(extras, name) ? Reflect.get(extras, name) : Reflect.get(target, name, receiver),
  }) as BackupClient;
}

/**
 * Longest address of a request, as proxies accept it: concurrent calls share one up to that, and the rest goes into the
 * next.
 */
const MAX_URL_LENGTH = 8000;

/** Key under which the reason of a refused connection is kept: an event source reports none. */
const FAILURE = 'palace-backup failure';

/** Returns whether the response comes from procedures and not from a proxy before them. */
function isCallAnswer(answer: unknown): boolean {
  return Array.isArray(answer) || (typeof answer === 'object' && answer !== null && !('success' in answer));
}

/** Replaces tRPC's errors by ours. */
const ownErrors: TRPCLink<AppRouter> =
  () =>
  ({ next, op }) =>
    observable((observer) =>
      next(op).subscribe({
        next: (value) => observer.next(value),
        error: (error) => observer.error(asBackupError(op.context[FAILURE] ?? error, op.signal)),
        complete: () => observer.complete(),
      }),
    );

/** Returns whether a procedure streams its response. */
function isStreamed(path: string): boolean {
  return path === 'backups.find' || path === 'backups.findPeople';
}

function streams(
  base: string,
  headers: () => Promise<Record<string, string>>,
  fetcher: (url: string, init: RequestInit) => Promise<Response>,
): TRPCLink<AppRouter> {
  return httpBatchStreamLink({
    url: `${base}/trpc`,
    headers,
    // Each stream ends by itself.
    maxItems: 1,
    async fetch(url, init) {
      const response = await fetcher(String(url), { ...(init as RequestInit), signal: init?.signal ?? null });
      const { body, ok } = response;
      if (!body || !response.headers.get('content-type')?.includes('jsonl')) throw await errorOfResponse(response);
      // tRPC's type of a reader is not that of the runtime's streams.
      const getReader = () => body.getReader() as unknown as ReadableStreamDefaultReader<Uint8Array>;
      return { ok, json: () => response.json(), body: { getReader } };
    },
  });
}

function subscriptions(
  base: string,
  headers: () => Promise<Record<string, string>>,
  fetcher: (url: string, init: RequestInit) => Promise<Response>,
  given: EventSourceClass | undefined,
): TRPCLink<AppRouter> {
  if (!given && !('EventSource' in globalThis)) {
    const missing = new BackupError('USAGE', 'This runtime has no EventSource to watch operations with.', {
      hint: "Give one: createBackupClient({ …, EventSource }) with `import { EventSource } from 'eventsource'`.",
    });
    return () => () => observable((observer) => observer.error(missing));
  }
  const fetchFor = (context: Record<string, unknown>) => async (input: string | URL, init: RequestInit) => {
    const all = { ...Object.fromEntries(new Headers(init.headers)), ...(await headers()) };
    const response = await fetcher(String(input), { ...init, headers: all });
    if (!response.ok) context[FAILURE] = await errorOfResponse(response.clone());
    return response;
  };
  return httpSubscriptionLink({
    url: `${base}/trpc`,
    ...(given && { EventSource: given }),
    eventSourceOptions: ({ op }) => ({ fetch: fetchFor(op.context) }),
  });
}
