import { useQuery } from '@tanstack/solid-query';
import { type JSX, Show, Suspense } from 'solid-js';
import { api } from '../../api.ts';
import type { Lead } from '../../lib/operations/progress.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { OperationCard } from '../../ui/operations/operation-card.tsx';

const POLL_MS = 700;

interface AcceptProgressProps {
  /** The sending, which the same bar has shown so far. */
  lead: Lead;
  /** Shown before the server's work begins. */
  before: JSX.Element;
}

/** Shows the server's work on a file that has arrived, with a button that cancels it. */
export function AcceptProgress(props: AcceptProgressProps & { uploadId: string | null }) {
  return (
    <Suspense fallback={props.before}>
      <Show when={props.uploadId} fallback={props.before}>
        {(uploadId) => <Accepting uploadId={uploadId()} lead={props.lead} before={props.before} />}
      </Show>
    </Suspense>
  );
}

function Accepting(props: AcceptProgressProps & { uploadId: string }) {
  const upload = useQuery(() => ({
    queryKey: ['upload', props.uploadId],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.uploads.get.query({ id: props.uploadId }, { signal })).data,
    refetchInterval: ({ state }: { state: { data?: { operationId: string | null } | undefined } }) =>
      state.data?.operationId ? false : POLL_MS,
  }));
  const id = () => latestData(upload)?.operationId ?? null;
  return (
    <Show when={id()} fallback={props.before}>
      {(known) => <AcceptOperation id={known()} lead={props.lead} before={props.before} />}
    </Show>
  );
}

function AcceptOperation(props: AcceptProgressProps & { id: string }) {
  const operation = useQuery(() => queries.operation(props.id));
  const me = useQuery(() => queries.me());
  return (
    <Show when={latestData(operation)} fallback={props.before}>
      {(known) => (
        <OperationCard
          operation={known()}
          lead={props.lead}
          mayCancel={latestData(me)?.scopes.includes('operations:cancel') ?? false}
        />
      )}
    </Show>
  );
}
