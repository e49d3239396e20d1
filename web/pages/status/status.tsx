import { useQuery } from '@tanstack/solid-query';
import CheckSign from 'lucide-solid/icons/check';
import ClipboardCopy from 'lucide-solid/icons/clipboard-copy';
import { createMemo, type JSX, Show } from 'solid-js';
import { api, type Status as Known } from '../../api.ts';
import { browserName } from '../../lib/browser-name.ts';
import { now } from '../../lib/clock.ts';
import { createCopyAction } from '../../lib/input/copy-action.ts';
import { latestData } from '../../lib/server/latest-data.ts';
import { keys, queries } from '../../lib/server/queries.ts';
import { words } from '../../strings/shared.ts';
import { statusWords as w } from '../../strings/status.ts';
import { Button } from '../../ui/button.tsx';
import { Card, DescriptionList, PageHeading } from '../../ui/card.tsx';
import { Moment } from '../../ui/moment.tsx';
import { QueryFailure } from '../../ui/query-failure.tsx';
import { PageSkeleton } from '../../ui/skeleton.tsx';
import { type Check, type ClientFacts, healthOf } from './health.ts';
import { HealthList } from './health-list.tsx';
import { factsOf, statusReport } from './status-report.ts';
import { TableSizes } from './table-sizes.tsx';

const CLOCK_CHECK_MS = 60_000;

/** Renders the status page: the health of the server and of everything it needs. */
export function Status() {
  const status = useQuery(queries.status);
  const clocks = useQuery(() => ({
    queryKey: [...keys.status, 'clocks'],
    refetchInterval: CLOCK_CHECK_MS,
    async queryFn({ signal }: { signal: AbortSignal }) {
      const asked = Date.now();
      const { timestamp } = await api.auth.me.query(undefined, { signal });
      // The server answered somewhere between the two times.
      return Date.parse(timestamp) - (asked + Date.now()) / 2;
    },
  }));
  const clientFacts = (): ClientFacts => ({
    now: now(),
    serverAheadMs: latestData(clocks),
    isEncrypted: location.protocol === 'https:',
    isLocal: /^(localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(location.hostname),
  });
  const known = () => latestData(status);
  const checks = createMemo(() => {
    const found = known();
    return found ? healthOf(found, clientFacts()) : [];
  });
  return (
    <>
      <PageHeading title={w.title} lead={w.lead}>
        <Show when={known()}>
          {(found) => <CopyReport text={() => statusReport(found(), checks(), clientFacts(), browser())} />}
        </Show>
      </PageHeading>
      <QueryFailure of={status} />
      <Show
        when={known()}
        fallback={
          <Show when={status.isPending}>
            <PageSkeleton />
          </Show>
        }
      >
        {(found) => <Report status={found()} checks={checks()} />}
      </Show>
    </>
  );
}

function browser(): string {
  const { program, system } = browserName(navigator.userAgent);
  return [program ?? words.unknown, system].filter(Boolean).join(', ');
}

function Report(props: { status: Known; checks: Check[] }) {
  const number = (state: Check['state']) => props.checks.filter((check) => check.state === state).length;
  const sentence = () => {
    if (number('bad') + number('warn') > 0) return w.some(number('bad'), number('warn'));
    return number('unknown') > 0 ? w.allKnown : w.allWell;
  };
  const facts = (): [string, JSX.Element][] => [
    ...factsOf(props.status, browser()),
    [w.since, <Moment at={props.status.startedAt} />],
  ];
  return (
    <div class="space-y-4">
      <Card title={sentence()}>
        <HealthList checks={props.checks} />
      </Card>
      <Card title={w.versions}>
        <DescriptionList of={facts()} />
      </Card>
      <Show when={props.status.database}>
        {(database) => (
          <Card title={w.tables}>
            <p class="mb-2 text-sm text-soft">{w.tablesLead}</p>
            <TableSizes tables={database().tables} />
          </Card>
        )}
      </Show>
    </div>
  );
}

function CopyReport(props: { text: () => string }) {
  const { copied, copy } = createCopyAction(() => props.text(), w.copied);
  return (
    <div>
      <Button onClick={copy}>
        <Show when={copied()} fallback={<ClipboardCopy class="size-4" aria-hidden="true" />}>
          <CheckSign class="size-4 text-good" aria-hidden="true" />
        </Show>
        {w.copy}
      </Button>
      <Show when={copied() === false}>
        <pre class="mt-2 max-h-48 overflow-auto rounded-lg bg-sunk p-3 text-xs" tabindex="0">
          {props.text()}
        </pre>
      </Show>
    </div>
  );
}
