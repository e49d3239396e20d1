import { useMutation, useQuery, useQueryClient } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { api, type SessionLine } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { browserName } from '../../lib/browser-name.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { keys } from '../../lib/server/queries.ts';
import { switchPerson } from '../../lib/server/session.ts';
import { accessWords } from '../../strings/access.ts';
import { words } from '../../strings/shared.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, ButtonRow } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Modal } from '../../ui/modal.tsx';
import { Moment } from '../../ui/moment.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';

const { sessions: w } = accessWords;
const REFETCH_MS = 30_000;

/** Lists the sessions of the person, each with a button that ends it. */
export function SessionList() {
  const client = useQueryClient();
  const [leaving, setLeaving] = createSignal(false);
  const sessions = useQuery(() => ({
    queryKey: keys.sessions,
    refetchInterval: REFETCH_MS,
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.auth.sessions.query(undefined, { signal })).data,
  }));
  const end = useMutation(() => ({
    mutationFn: (id: string) => api.auth.endSession.mutate({ id }),
    async onSuccess() {
      await client.invalidateQueries({ queryKey: keys.sessions });
      announce(w.ended);
      document.querySelector<HTMLElement>('h1')?.focus();
    },
  }));
  const leave = useMutation(() => ({
    mutationFn: () => api.auth.signOutEverywhere.mutate(),
    onSuccess: () => switchPerson(client, null),
  }));
  const refetch = () => {
    end.reset();
    void sessions.refetch();
  };
  const loaded = () => latestData(sessions) ?? [];
  return (
    <Card
      title={w.title}
      aside={
        <Button variant="danger-outline" onClick={() => setLeaving(true)}>
          {w.everywhere}
        </Button>
      }
    >
      <p class="mb-3 text-sm text-soft">{w.lead}</p>
      <Show when={sessions.error ?? end.error}>
        {(error) => (
          <div class="mb-3">
            <FailureNotice failure={failureOf(error())} onRetry={refetch} />
          </div>
        )}
      </Show>
      <Show when={!sessions.isPending} fallback={<TextSkeleton count={4} />}>
        <ul aria-label={w.caption} class="divide-y divide-line">
          <For each={loaded()}>
            {(session) => (
              <Session
                session={session}
                busy={end.isPending && end.variables === session.id}
                onEnd={() => end.mutate(session.id)}
              />
            )}
          </For>
        </ul>
      </Show>
      <Modal
        open={leaving()}
        onClose={() => setLeaving(false)}
        title={w.everywhereTitle}
        lead={w.everywhereLead(loaded().length)}
      >
        <Show when={leave.error}>{(error) => <FailureNotice failure={failureOf(error())} />}</Show>
        <ButtonRow class="mt-2">
          <Button onClick={() => setLeaving(false)}>{words.cancel}</Button>
          <Button variant="danger" busy={leave.isPending} onClick={() => leave.mutate()}>
            {leave.isPending ? w.everywhereBusy : w.everywhere}
          </Button>
        </ButtonRow>
      </Modal>
    </Card>
  );
}

function Session(props: { session: SessionLine; busy: boolean; onEnd: () => void }) {
  const name = () => {
    const { program, system } = browserName(props.session.userAgent);
    return system === null ? (program ?? w.unknown) : w.on(program ?? w.unknown, system);
  };
  return (
    <li class="flex items-center justify-between gap-4 py-3 text-sm first:pt-0 last:pb-0">
      <div class="min-w-0">
        <p class="flex flex-wrap items-center gap-2 font-medium" title={props.session.userAgent}>
          <span class="wrap-anywhere">{name()}</span>
          <Show when={props.session.current}>
            <Badge tone="good">{w.current}</Badge>
          </Show>
        </p>
        <p class="break-all text-soft">{w.from(props.session.address)}</p>
        <p class="text-soft">
          {w.began} <Moment at={props.session.createdAt} />
          <span aria-hidden="true"> · </span>
          <span class="inline-block">
            {w.ends} <Moment at={props.session.expiresAt} /> {w.unused}
          </span>
        </p>
      </div>
      <Show when={!props.session.current}>
        <Button
          variant="danger-outline"
          busy={props.busy}
          aria-label={w.endOf(name(), props.session.address)}
          onClick={() => props.onEnd()}
        >
          {w.end}
        </Button>
      </Show>
    </li>
  );
}
