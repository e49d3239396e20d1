import { useQuery } from '@tanstack/solid-query';
import { Show, Suspense } from 'solid-js';
import { api } from '../../api.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { queries } from '../../lib/server/queries.ts';
import { OperationCard } from '../../ui/operations/operation-card.tsx';

const LOOK_MS = 700;

/** Shows the server's work on a file that has arrived, with a button that cancels it. Empty before that work begins. */
export function AcceptProgress(props: { uploadId: string | null }) {
  return <Suspense>{props.uploadId !== null && <Accepting uploadId={props.uploadId} />}</Suspense>;
}

function Accepting(props: { uploadId: string }) {
  const upload = useQuery(() => ({
    queryKey: ['upload', props.uploadId],
    queryFn: async ({ signal }: { signal: AbortSignal }) =>
      (await api.uploads.get.query({ id: props.uploadId }, { signal })).data,
    refetchInterval: ({ state }: { state: { data?: { operationId: string | null } | undefined } }) =>
      state.data?.operationId ? false : LOOK_MS,
  }));
  const id = () => latestData(upload)?.operationId ?? null;
  return <Show when={id()}>{(known) => <Followed id={known()} />}</Show>;
}

function Followed(props: { id: string }) {
  const operation = useQuery(() => queries.operation(props.id));
  const me = useQuery(() => queries.me());
  return (
    <Show when={latestData(operation)}>
      {(known) => (
        <OperationCard operation={known()} mayCancel={latestData(me)?.scopes.includes('operations:cancel') ?? false} />
      )}
    </Show>
  );
}
