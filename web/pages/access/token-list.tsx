import { useQuery } from '@tanstack/solid-query';
import { createSignal, For, Show } from 'solid-js';
import { api, type TokenLine as Token } from '../../api.ts';
import { now } from '../../lib/clock.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { keys } from '../../lib/server/queries.ts';
import { accessWords } from '../../strings/access.ts';
import { Button } from '../../ui/button.tsx';
import { Card, EmptyState } from '../../ui/card.tsx';
import { QueryFailure } from '../../ui/query-failure.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';
import { CreateToken } from './create-token.tsx';
import { RevokeToken } from './revoke-token.tsx';
import { TokenItem } from './token-item.tsx';
import { tokenState } from './token-state.ts';

const { tokens: w } = accessWords;
const REFETCH_MS = 30_000;

/** Lists the service tokens: the valid ones, and the former ones in a folded part. */
export function TokenList() {
  const [making, setMaking] = createSignal(false);
  const [revoking, setRevoking] = createSignal<string | null>(null);
  const tokens = useQuery(() => ({
    queryKey: keys.tokens,
    refetchInterval: REFETCH_MS,
    queryFn: async ({ signal }: { signal: AbortSignal }) => (await api.tokens.list.query(undefined, { signal })).data,
  }));
  const known = () => latestData(tokens) ?? [];
  const isInactive = (token: Token) => ['revoked', 'expired'].includes(tokenState(token, now()));
  const active = () => known().filter((token) => !isInactive(token));
  const inactive = () => known().filter(isInactive);
  return (
    <Card
      title={w.title}
      aside={
        <Button variant="primary" onClick={() => setMaking(true)}>
          {w.make}
        </Button>
      }
    >
      <p class="mb-3 text-sm text-soft">{w.lead}</p>
      <QueryFailure of={tokens} class="mb-3" />
      <Show when={!tokens.isPending} fallback={<TextSkeleton count={4} />}>
        <Show
          when={active().length > 0}
          fallback={
            <Show when={latestData(tokens)}>
              <EmptyState title={w.none} lead={w.noneLead} />
            </Show>
          }
        >
          <ul aria-label={w.caption} class="divide-y divide-line">
            <For each={active()}>{(token) => <TokenItem token={token} onRevoke={() => setRevoking(token.id)} />}</For>
          </ul>
        </Show>
        <Show when={inactive().length > 0}>
          <details class="mt-4 border-t border-line pt-3">
            <summary class="min-h-8 cursor-pointer py-1 text-sm text-soft">{w.past(inactive().length)}</summary>
            <ul aria-label={w.past(inactive().length)} class="mt-2 divide-y divide-line">
              <For each={inactive()}>{(token) => <TokenItem token={token} onRevoke={() => undefined} />}</For>
            </ul>
          </details>
        </Show>
      </Show>
      <CreateToken open={making()} onClose={() => setMaking(false)} />
      <RevokeToken token={known().find(({ id }) => id === revoking()) ?? null} onClose={() => setRevoking(null)} />
    </Card>
  );
}
