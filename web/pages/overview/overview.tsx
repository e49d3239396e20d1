import { A } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import ShieldAlert from 'lucide-solid/icons/shield-alert';
import ShieldCheck from 'lucide-solid/icons/shield-check';
import ShieldQuestionMark from 'lucide-solid/icons/shield-question-mark';
import ShieldX from 'lucide-solid/icons/shield-x';
import { createEffect, createMemo, createSignal, type JSX, Show, Suspense } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Status } from '../../api.ts';
import { now } from '../../lib/clock.ts';
import { bytesText } from '../../lib/format.ts';
import { connected } from '../../lib/server/connection.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { lazyWithRetry } from '../../lib/server/lazy-with-retry.ts';
import { queries } from '../../lib/server/queries.ts';
import { words } from '../../strings/shared.ts';
import { Button } from '../../ui/button.tsx';
import { Card, PageHeading } from '../../ui/card.tsx';
import { Moment } from '../../ui/moment.tsx';
import { ActiveOperations } from '../../ui/operations/active-operations.tsx';
import { QueryFailure } from '../../ui/query-failure.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';
import { RecommendationAction, Recommendations } from './recommendations.tsx';
import { StorageUse } from './storage-use.tsx';
import { type Level, staleVerdict, verdictOf } from './verdict.ts';

const CreateBackup = lazyWithRetry(() => import('../../ui/create-backup.tsx').then(({ CreateBackup }) => CreateBackup));
const History = lazyWithRetry(() => import('./history.tsx').then(({ History }) => History));

const APPEARANCE = {
  safe: { box: 'bg-good-wash text-good', icon: ShieldCheck },
  soon: { box: 'bg-warn-wash text-warn', icon: ShieldAlert },
  unsafe: { box: 'bg-bad-wash text-bad', icon: ShieldX },
  unknown: { box: 'bg-sunk text-ink', icon: ShieldQuestionMark },
} as const satisfies Record<Level, unknown>;

/** Renders the overview: whether the data is safe, in one sentence and a colour, and then the numbers behind it. */
export function Overview() {
  const status = useQuery(queries.status);
  const newest = useQuery(() => queries.backups({ limit: 100, sort: 'madeAt' }));
  const [creating, setCreating] = createSignal(false);
  // The dialog stays mounted once opened: on closing it gives the focus back.
  const needsDialog = createMemo((before: boolean) => before || creating(), false);
  createEffect(() => {
    // Loaded before anybody presses, so that a server gone by then keeps nobody waiting.
    if (status.isSuccess) void CreateBackup.preload();
  });
  const staleSince = () => (connected() && !status.isRefetchError ? null : new Date(status.dataUpdatedAt));
  return (
    <>
      <PageHeading title={words.overview.title}>
        <Button variant="primary" onClick={() => setCreating(true)}>
          {words.overview.make}
        </Button>
      </PageHeading>
      <QueryFailure of={status} class="mb-6" />
      <Show
        when={latestData(status)}
        fallback={
          <Show when={status.isPending}>
            <VerdictSkeleton />
          </Show>
        }
      >
        {(known) => (
          <>
            <VerdictBox status={known()} seenAt={staleSince()} onMake={() => setCreating(true)} />
            <ActiveOperations />
            <KeyFigures status={known()} />
            <Show when={otherRecommendations(known()).length > 0}>
              <Recommendations of={otherRecommendations(known())} onMake={() => setCreating(true)} />
            </Show>
          </>
        )}
      </Show>
      <div class="grid gap-4 lg:grid-cols-[3fr_2fr]">
        <Card title={words.overview.history}>
          <Suspense fallback={<TextSkeleton count={8} />}>
            <Show when={latestData(newest)} fallback={<TextSkeleton count={8} />}>
              {(page) => <History backups={page().items} />}
            </Show>
          </Suspense>
        </Card>
        <Card
          title={words.overview.storage}
          aside={
            <A href="/backups" class="text-sm font-medium text-brand hover:underline">
              {words.overview.all}
            </A>
          }
        >
          <Show when={latestData(newest)} fallback={<TextSkeleton count={5} />}>
            {(page) => <StorageUse page={page()} />}
          </Show>
        </Card>
      </div>
      <Show when={latestData(status)}>
        {(known) => (
          <p class="mt-6 text-sm text-soft">
            <Show when={known().database}>
              {(database) => (
                <>
                  {words.overview.database} {database().name}:{' '}
                  {words.overview.databaseLine(database().version, database().size, database().tables.length)}
                  {'. '}
                </>
              )}
            </Show>
            {words.overview.version(known().version, known().runtime)}.
          </p>
        )}
      </Show>
      <Show when={needsDialog()}>
        <Suspense>
          <CreateBackup open={creating()} onClose={() => setCreating(false)} />
        </Suspense>
      </Show>
    </>
  );
}

/** Returns the recommendations that the verdict does not state already. */
function otherRecommendations(status: Status): Status['recommendations'] {
  const { from } = verdictOf(status);
  return status.recommendations.filter((one) => one !== from);
}

/** Renders the verdict. `seenAt` is the time of the shown status while the server does not answer; null otherwise. */
function VerdictBox(props: { status: Status; seenAt: Date | null; onMake: () => void }) {
  const verdict = () => (props.seenAt ? staleVerdict(verdictOf(props.status), props.seenAt) : verdictOf(props.status));
  const appearance = () => APPEARANCE[verdict().level];
  return (
    <section
      aria-label={verdict().sentence}
      data-verdict={verdict().level}
      class={`mb-6 flex min-h-24 flex-wrap items-center gap-4 rounded-xl p-5 ${appearance().box}`}
    >
      <Dynamic component={appearance().icon} class="size-10 shrink-0 self-start sm:self-center" aria-hidden="true" />
      <div class="min-w-0 flex-1 basis-48">
        <p class="text-xl font-semibold">{verdict().sentence}</p>
        <Show when={verdict().because}>
          <p class="mt-1 text-sm break-words text-ink">{verdict().because}</p>
        </Show>
      </div>
      <Show when={verdict().from}>{(why) => <RecommendationAction what={why()} onMake={() => props.onMake()} />}</Show>
    </section>
  );
}

function VerdictSkeleton() {
  return (
    <>
      <div role="status" class="skeleton mb-6 flex min-h-24 items-center rounded-xl p-5 text-soft">
        {words.overview.looking}
      </div>
      <div class="mb-6 grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4" aria-hidden="true">
        {[0, 1, 2, 3].map(() => (
          <div class="skeleton h-24 rounded-xl" />
        ))}
      </div>
    </>
  );
}

function KeyFigures(props: { status: Status }) {
  const last = useQuery(() => ({
    ...queries.backup(props.status.lastBackup?.fileName ?? ''),
    enabled: props.status.lastBackup !== null,
  }));
  const due = () => {
    const { nextDue } = props.status;
    return nextDue !== null && Date.parse(nextDue) > now().getTime() ? nextDue : null;
  };
  const size = () => latestData(last)?.info.size ?? 0;
  const room = () => {
    const { storage } = props.status;
    return storage?.freeBytes && size() > 0 ? Math.floor(storage.freeBytes / size()) : null;
  };
  return (
    <dl class="mb-6 grid grid-cols-2 gap-3 sm:gap-4 lg:grid-cols-4">
      <Figure name={words.overview.lastBackup} more={size() > 0 ? bytesText(size()) : null}>
        <Show when={props.status.lastBackup} fallback={words.overview.never}>
          {(backup) => (
            <A href={`/backups/${encodeURIComponent(backup().fileName)}`} class="hover:underline">
              <Moment at={backup().timestamp} ago />
            </A>
          )}
        </Show>
      </Figure>
      <Figure
        name={words.overview.lastVerified}
        more={latestData(last)?.info.lastVerified ? words.overview.everyByte : null}
      >
        <Show when={latestData(last)?.info.lastVerified} fallback={last.isLoading ? '…' : words.overview.notVerified}>
          {(at) => <Moment at={at()} ago />}
        </Show>
      </Figure>
      <Figure name={words.overview.due} more={null}>
        <Show when={due()} fallback={words.overview.dueNow}>
          {(at) => <Moment at={at()} ago />}
        </Show>
      </Figure>
      <Figure name={words.overview.space} more={room() === null ? null : words.overview.spaceRoom(room() ?? 0)}>
        <Show when={typeof props.status.storage?.freeBytes === 'number'} fallback={words.unknown}>
          {bytesText(props.status.storage?.freeBytes ?? 0)}
        </Show>
      </Figure>
    </dl>
  );
}

function Figure(props: { name: string; more: string | null; children: JSX.Element }) {
  return (
    <div class="min-w-0 rounded-xl border border-line bg-card p-3 sm:p-4">
      <dt class="text-sm text-soft">{props.name}</dt>
      <dd class="tabular mt-1 font-semibold sm:text-lg [&_time]:whitespace-normal">{props.children}</dd>
      <dd class="min-h-5 text-sm text-soft">{props.more}</dd>
    </div>
  );
}
