import { useQuery } from '@tanstack/solid-query';
import ArrowRight from 'lucide-solid/icons/arrow-right';
import { createSignal, For, Match, Show, Switch } from 'solid-js';
import { api } from '../../../api.ts';
import { announce } from '../../../lib/announce.ts';
import { createDebouncedText } from '../../../lib/input/debounced-text.ts';
import { failureOf } from '../../../lib/server/failure.ts';
import { keys } from '../../../lib/server/queries.ts';
import { useMe } from '../../../lib/server/session.ts';
import { previewWords as w } from '../../../strings/preview.ts';
import { rowWords } from '../../../strings/rows.ts';
import { Badge } from '../../../ui/badge.tsx';
import { Button } from '../../../ui/button.tsx';
import { FailureNotice } from '../../../ui/failure-notice.tsx';
import { Field } from '../../../ui/forms/field.tsx';
import { PageButtons } from '../../../ui/lists/page-buttons.tsx';
import { TextSkeleton } from '../../../ui/skeleton.tsx';
import { RevealDialog } from '../../rows/reveal-dialog.tsx';
import { RowValue } from '../../rows/row-value.tsx';
import { type DifferencePage, keyOf, kindsOf, revealableOf, valuesOf } from './difference-page.ts';

const ROWS_PER_PAGE = 20;

interface DifferenceRowsProps {
  /** The operation of the plan. */
  plan: string;
  table: string;
}

/** Shows the rows of one table that a restore would change, with the values of both sides. */
export function DifferenceRows(props: DifferenceRowsProps) {
  const me = useMe();
  /** Where each page up to the current one begins. */
  const [starts, setStarts] = createSignal<readonly number[]>([0]);
  const [search, setSearch] = createSignal('');
  const [revealed, setRevealed] = createSignal<string[] | null>(null);
  const [asking, setAsking] = createSignal(false);
  const [typed, setTyped] = createDebouncedText(search, (text) => {
    setStarts([0]);
    setSearch(text);
  });
  const page = useQuery(() => {
    const query = {
      plan: props.plan,
      table: props.table,
      after: starts().at(-1) ?? 0,
      limit: ROWS_PER_PAGE,
      ...(search() !== '' && { search: search() }),
    };
    const columns = revealed();
    return {
      queryKey: [...keys.rows, 'differences', query, columns],
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      ...(columns !== null && { gcTime: 0, retry: false }),
      queryFn: async ({ signal }: { signal: AbortSignal }): Promise<DifferencePage> =>
        columns === null
          ? (await api.restores.differences.query(query, { signal })).data
          : (await api.restores.revealDifferences.mutate({ ...query, columns }, { signal })).data,
    };
  });
  const known = () => (page.isSuccess ? page.data : null);
  const mayReveal = () => Boolean(me.data?.scopes.includes('backups:download'));
  const hide = () => {
    setRevealed(null);
    announce(rowWords.hiddenAgain);
  };
  const next = () => known()?.next ?? null;
  return (
    <section class="mt-4 rounded-lg border border-line p-4" aria-label={w.rowsOf(props.table)}>
      <div class="flex flex-wrap items-end gap-3">
        <div class="min-w-0 flex-1 basis-60">
          <Field label={w.search} type="search" maxlength={200} value={typed()} onInput={setTyped} />
        </div>
        <Show when={mayReveal() && (revealed() ?? revealableOf(known())).length > 0}>
          <Button onClick={() => (revealed() ? hide() : setAsking(true))}>
            {revealed() ? rowWords.hide : rowWords.show(kindsOf(known()))}
          </Button>
        </Show>
      </div>
      <Switch fallback={<TextSkeleton count={6} class="mt-3" />}>
        <Match when={page.error}>
          {(error) => (
            <FailureNotice
              failure={failureOf(error())}
              onRetry={failureOf(error()).code === 'STEP_UP_REQUIRED' ? () => setAsking(true) : undefined}
            />
          )}
        </Match>
        <Match when={known()}>
          {(found) => (
            <>
              <PageButtons
                names={rowWords}
                class="mt-3"
                onPrevious={starts().length > 1 ? () => setStarts(starts().slice(0, -1)) : null}
                onNext={next() === null ? null : () => setStarts([...starts(), next() ?? 0])}
              >
                {found().rows.length === 0 ? w.noRows : w.rowsShown(found().rows, found().kept, found().complete)}
              </PageButtons>
              <ul class="mt-2 divide-y divide-line">
                <For each={found().rows}>{(row) => <DifferenceRow page={found()} row={row} />}</For>
              </ul>
            </>
          )}
        </Match>
      </Switch>
      <RevealDialog
        open={asking()}
        kinds={kindsOf(known())}
        columns={revealed() ?? revealableOf(known())}
        refused={page.error !== null && failureOf(page.error).code === 'STEP_UP_REQUIRED'}
        onClose={() => setAsking(false)}
        onReveal={() => {
          if (revealed()) void page.refetch();
          else setRevealed(revealableOf(known()));
          announce(rowWords.revealed);
        }}
      />
    </section>
  );
}

const TONES = { add: 'good', change: 'calm', remove: 'warn' } as const;

function DifferenceRow(props: { page: DifferencePage; row: DifferencePage['rows'][number] }) {
  return (
    <li class="py-2 text-sm">
      <p class="flex flex-wrap items-center gap-2">
        <Badge tone={TONES[props.row.change]}>{w.changes[props.row.change]}</Badge>
        <span class="font-mono text-xs break-all">{keyOf(props.page, props.row)}</span>
      </p>
      <dl class="mt-1 grid gap-x-4 gap-y-1 sm:grid-cols-[minmax(0,12rem)_minmax(0,1fr)]">
        <For each={valuesOf(props.page, props.row)}>
          {(value) => (
            <>
              <dt class="truncate font-mono text-xs text-soft" title={value.name}>
                {value.name}
              </dt>
              <dd class="flex min-w-0 flex-wrap items-center gap-2 font-mono text-xs break-all">
                <Show when={value.before !== undefined}>
                  <span>
                    <RowValue value={value.before ?? null} hidden={value.hidden} />
                  </span>
                </Show>
                <Show when={value.before !== undefined && value.after !== undefined}>
                  <ArrowRight class="size-3.5 shrink-0 text-soft" aria-label={w.becomes} />
                </Show>
                <Show when={value.after !== undefined}>
                  <span>
                    <RowValue value={value.after ?? null} hidden={value.hidden} />
                  </span>
                </Show>
              </dd>
            </>
          )}
        </For>
      </dl>
    </li>
  );
}
