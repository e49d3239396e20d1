import { A, useParams, useSearchParams } from '@solidjs/router';
import { useQuery } from '@tanstack/solid-query';
import Eye from 'lucide-solid/icons/eye';
import EyeOff from 'lucide-solid/icons/eye-off';
import { createEffect, createMemo, createSignal, type JSX, Match, Show, Switch } from 'solid-js';
import type { RowPage } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { asLeft } from '../../lib/last-search.ts';
import { tableLabel } from '../../lib/operations/operation.ts';
import {
  openRowIndex,
  positionIn,
  type RowParameters,
  type RowPosition,
  rowRange,
  sum,
} from '../../lib/row-position.ts';
import { type Failure, failureOf } from '../../lib/server/failure.ts';
import { useMe } from '../../lib/server/session.ts';
import { rowWords as w } from '../../strings/rows.ts';
import { Button } from '../../ui/button.tsx';
import { EmptyState, PageHeading } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { TextSkeleton } from '../../ui/skeleton.tsx';
import { RevealDialog } from './reveal-dialog.tsx';
import { RowDetails } from './row-details.tsx';
import { RowPager } from './row-pager.tsx';
import { RowSearch } from './row-search.tsx';
import { RowTable } from './row-table.tsx';
import { type FoundRows, revealable, rowsQuery } from './rows-query.ts';

/** Renders the page of one table's rows inside a backup. */
export function Rows() {
  const params = useParams<{ id: string; table: string }>();
  const backup = () => decodeURIComponent(params.id);
  const table = () => decodeURIComponent(params.table);
  return (
    <>
      <p class="mb-2 text-sm">
        <A href={asLeft(`/backups/${params.id}`)} class="break-all text-brand hover:underline">
          {backup()}
        </A>
      </p>
      {/* A new table starts anew: nothing revealed of one is carried over. */}
      <Show when={JSON.stringify([backup(), table()])} keyed>
        <Table backup={backup()} table={table()} />
      </Show>
    </>
  );
}

function Table(props: { backup: string; table: string }) {
  const me = useMe();
  const [address, setAddress] = useSearchParams<RowParameters>();
  const [revealed, setRevealed] = createSignal<string[] | null>(null);
  // A search among personal data is personal data too, so it stays out of the address.
  const [hiddenSearch, setHiddenSearch] = createSignal('');
  const [asking, setAsking] = createSignal(false);
  const [picked, setPicked] = createSignal<number | null>(null);
  let field: HTMLInputElement | undefined;
  const search = () => (revealed() ? hiddenSearch() : (address.search ?? '').slice(0, 200));
  const page = useQuery(() => rowsQuery({ ...props, ...positionIn(address), search: search(), revealed: revealed() }));
  const known = () => (page.isSuccess ? page.data : null);
  const chunks = createMemo<readonly number[]>((before) => known()?.chunks ?? before, []);
  const isSearchable = createMemo(() =>
    chunks().length > 0 ? sum(chunks()) > 0 : !known() && !(page.error && failureOf(page.error).code === 'NOT_FOUND'),
  );
  const open = () => picked() ?? openRowIndex(address, search() === '' ? known() : null);
  const setOpen = (index: number | null) => {
    setPicked(index);
    if (address.row) setAddress({ row: null }, { replace: true });
  };

  const goTo = (to: RowPosition) => {
    setOpen(null);
    setAddress({
      chunk: to.chunk === 1 ? null : String(to.chunk),
      page: to.page === 1 ? null : String(to.page),
    });
  };
  const searchFor = (text: string) => {
    if (text === search()) return;
    setOpen(null);
    if (revealed()) setHiddenSearch(text);
    setAddress({ page: null, ...(!revealed() && { search: text || null }) }, { replace: true });
  };
  const reveal = (columns: string[]) => {
    setHiddenSearch(search());
    setAddress({ search: null }, { replace: true });
    setRevealed(columns);
    announce(w.revealed);
  };
  const mayReveal = () => Boolean(me.data?.scopes.includes('backups:download'));
  const hide = () => {
    setOpen(null);
    setRevealed(null);
    setHiddenSearch('');
    setAddress({ page: null }, { replace: true });
    announce(w.hiddenAgain);
  };
  return (
    <>
      <PageHeading
        title={tableLabel(props.table)}
        lead={<span class="tabular">{known() ? w.lead(sum(known()?.chunks ?? [])) : ' '}</span>}
      >
        <Show when={mayReveal() && (revealed() ?? namesOf(known())).length > 0}>
          <Button onClick={() => (revealed() ? hide() : setAsking(true))}>
            <Show when={revealed()} fallback={<Eye class="size-4" aria-hidden="true" />}>
              <EyeOff class="size-4" aria-hidden="true" />
            </Show>
            {revealed() ? w.hide : w.show(kindsOf(known()))}
          </Button>
        </Show>
      </PageHeading>
      {/* Stands before the rows and through their failure, so that nothing typed is lost. */}
      <Show when={isSearchable()}>
        <RowSearch
          ref={(element) => {
            field = element;
          }}
          chunks={chunks()}
          chunk={positionIn(address).chunk}
          search={search()}
          onSearch={searchFor}
          onChunk={(chunk) => goTo({ chunk, page: 1 })}
        />
      </Show>
      <Switch fallback={<TextSkeleton count={14} class="rounded-xl border border-line bg-card p-5" />}>
        <Match when={page.error}>
          {(error) => (
            <RowsFailure
              failure={failureOf(error())}
              elsewhere={Boolean(address.chunk || address.page)}
              onRetry={() => void page.refetch()}
              onPassword={() => setAsking(true)}
              onFirst={() => {
                goTo({ chunk: 1, page: 1 });
                document.querySelector<HTMLElement>('h1')?.focus();
              }}
            />
          )}
        </Match>
        <Match when={known()}>
          {(found) => (
            <Show when={sum(found().chunks) > 0} fallback={<NoRowsMessage title={w.nothing} lead={w.nothingLead} />}>
              <Show
                when={found().rows.length > 0}
                fallback={
                  <NoRows
                    page={found()}
                    mayReveal={mayReveal()}
                    isRevealed={revealed() !== null}
                    onReveal={() => setAsking(true)}
                    onPage={(to) => {
                      goTo(to);
                      field?.focus();
                    }}
                    onClear={() => {
                      searchFor('');
                      field?.focus();
                    }}
                  />
                }
              >
                <RowPager page={found()} onPage={goTo}>
                  <Show when={revealed()}>
                    <span class="text-warn"> · {w.recorded}</span>
                  </Show>
                </RowPager>
                <RowTable
                  page={found()}
                  table={tableLabel(props.table)}
                  first={firstRowNumber(found())}
                  searching={found().search !== ''}
                  busy={page.isPlaceholderData}
                  onOpen={setOpen}
                />
              </Show>
              <RowDetails
                page={found()}
                table={tableLabel(props.table)}
                first={firstRowNumber(found())}
                searching={found().search !== ''}
                index={open()}
                onIndex={setOpen}
              />
            </Show>
          )}
        </Match>
      </Switch>
      <RevealDialog
        open={asking()}
        kinds={kindsOf(known())}
        columns={revealed() ?? namesOf(known())}
        refused={page.error !== null && failureOf(page.error).code === 'STEP_UP_REQUIRED'}
        onClose={() => setAsking(false)}
        onReveal={() => (revealed() ? void page.refetch() : reveal(namesOf(known())))}
      />
    </>
  );
}

/** Returns the number of the first row shown, in the whole table or among the hits. */
function firstRowNumber(page: FoundRows): number {
  return (page.search === '' ? rowRange(page.chunks, page.chunk)[0] : 1) + page.offset;
}

function namesOf(page: RowPage | null): string[] {
  return page ? revealable(page).map(({ name }) => name) : [];
}

function kindsOf(page: RowPage | null): string {
  const there = new Set(page ? revealable(page).map(({ sensitivity }) => sensitivity) : []);
  const kinds = (['personal', 'financial', 'unknown'] as const).filter((kind) => there.has(kind));
  return kinds.length > 0 ? w.and(kinds.map((kind) => w.kinds[kind])) : w.hidden;
}

function RowsFailure(props: {
  failure: Failure;
  elsewhere: boolean;
  onRetry: () => void;
  onPassword: () => void;
  onFirst: () => void;
}) {
  const needsPassword = () => props.failure.code === 'STEP_UP_REQUIRED';
  // A missing row will be missing on the next try, too.
  const isFinal = () => needsPassword() || props.failure.code === 'NOT_FOUND';
  return (
    <FailureNotice failure={props.failure} onRetry={isFinal() ? undefined : props.onRetry}>
      <Show when={needsPassword()}>
        <Button class="mt-2" onClick={() => props.onPassword()}>
          {w.again}
        </Button>
      </Show>
      <Show when={props.elsewhere && !needsPassword()}>
        <Button class="mt-2" onClick={() => props.onFirst()}>
          {w.first}
        </Button>
      </Show>
    </FailureNotice>
  );
}

function NoRowsMessage(props: { title: string; lead: string; children?: JSX.Element }) {
  const text = createMemo(() => `${props.title}. ${props.lead}`);
  createEffect(() => announce(text()));
  return (
    <div class="rounded-xl border border-line bg-card">
      <EmptyState title={props.title} lead={props.lead}>
        <div class="flex flex-wrap justify-center gap-2">{props.children}</div>
      </EmptyState>
    </div>
  );
}

interface NoRowsProps {
  page: FoundRows;
  mayReveal: boolean;
  isRevealed: boolean;
  onReveal: () => void;
  onPage: (to: RowPosition) => void;
  onClear: () => void;
}

/** Says that this part of the table has no hit, or that the address points behind its end. */
function NoRows(props: NoRowsProps) {
  const span = () => rowRange(props.page.chunks, props.page.chunk);
  const next = () => (props.page.chunk < props.page.chunks.length ? props.page.chunk + 1 : null);
  // Taken from the answer: columns hidden when it was given were not searched.
  const wasHidden = () => props.mayReveal && revealable(props.page).some(({ hidden }) => hidden);
  const lead = () => {
    const looked = w.noMatchLead(...span(), props.page.chunks.length <= 1);
    return wasHidden() ? `${looked} ${w.notSearched(kindsOf(props.page))}` : looked;
  };
  return (
    <Show
      when={props.page.matched === 0 && props.page.search !== ''}
      fallback={
        <NoRowsMessage title={w.pastEnd} lead={w.pastEndLead}>
          <Button onClick={() => props.onPage({ chunk: props.page.chunk, page: 1 })}>{w.first}</Button>
        </NoRowsMessage>
      }
    >
      <NoRowsMessage title={w.noMatch(props.page.search)} lead={lead()}>
        <Show when={wasHidden() && !props.isRevealed}>
          <Button onClick={() => props.onReveal()}>
            <Eye class="size-4" aria-hidden="true" />
            {w.show(kindsOf(props.page))}
          </Button>
        </Show>
        <Show when={next()}>
          {(chunk) => (
            <Button onClick={() => props.onPage({ chunk: chunk(), page: 1 })}>
              {w.nextPart(...rowRange(props.page.chunks, chunk()))}
            </Button>
          )}
        </Show>
        <Button onClick={() => props.onClear()}>{w.showAll}</Button>
      </NoRowsMessage>
    </Show>
  );
}
