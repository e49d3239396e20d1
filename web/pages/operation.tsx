import { A, useParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import { For, type JSX, Match, Show, Switch } from 'solid-js';
import type { Operation } from '../api.ts';
import { asLeft } from '../lib/last-search.ts';
import { operationTitle } from '../lib/operations/operation.ts';
import { failureOf } from '../lib/server/failure.ts';
import { latestData } from '../lib/server/latest-data.ts';
import { queries } from '../lib/server/queries.ts';
import { useMe } from '../lib/server/session.ts';
import { words } from '../strings/shared.ts';
import { Card, DescriptionList, PageHeading } from '../ui/card.tsx';
import { FailureNotice } from '../ui/failure-notice.tsx';
import { Moment } from '../ui/moment.tsx';
import { OperationCard } from '../ui/operations/operation-card.tsx';
import { PageSkeleton } from '../ui/skeleton.tsx';

/** Renders the page of one operation: live while it runs, then its record. */
export function OperationPage() {
  const params = useParams<{ id: string }>();
  const me = useMe();
  const operation = useQuery(() => queries.operation(params.id));
  const known = () => latestData(operation);
  return (
    <>
      <p class="mb-2 text-sm">
        <A href={asLeft('/operations')} class="text-brand hover:underline">
          {words.operations.title}
        </A>
      </p>
      <Switch fallback={<PageSkeleton />}>
        <Match when={known() === null && operation.error}>
          {(error) => <FailureNotice failure={failureOf(error())} onRetry={() => void operation.refetch()} />}
        </Match>
        <Match when={known()}>
          {(found) => (
            <>
              <PageHeading title={operationTitle(found())} />
              <OperationCard
                operation={found()}
                open
                untitled
                mayCancel={me.data?.scopes.includes('operations:cancel') ?? false}
              />
              <Card title={words.backup.facts} class="mt-4">
                <DescriptionList of={factsOf(found())} />
              </Card>
            </>
          )}
        </Match>
      </Switch>
    </>
  );
}

function factsOf(operation: Operation): [string, JSX.Element][] {
  const { operation: w } = words;
  const moment = (at: string | null) => (
    <Show when={at} fallback="–">
      {(known) => <Moment at={known()} />}
    </Show>
  );
  return [
    [w.asked, moment(operation.createdAt)],
    [w.began, moment(operation.startedAt)],
    [w.ended, moment(operation.finishedAt)],
    [w.by, operation.actor],
    [w.from, operation.origin],
    [w.id, <code class="font-mono text-xs break-all">{operation.id}</code>],
    [w.asks, <Parameters parameters={operation.parameters} />],
  ];
}

/** Lists the parameters of the request, one per line. */
function Parameters(props: { parameters: Operation['parameters'] }) {
  const text = (value: unknown) => (typeof value === 'string' ? value : JSON.stringify(value));
  return (
    <ul class="font-mono text-xs">
      <For each={Object.entries(props.parameters)} fallback="–">
        {([name, value]) => (
          <li class="break-words">
            <span class="text-soft">{name}</span> {text(value)}
          </li>
        )}
      </For>
    </ul>
  );
}
