import { A, useSearchParams } from '@solidjs/router';
import { createEffect, createMemo, createSignal, For, on, onMount, Show } from 'solid-js';
import type { BackupDetail } from '../../api.ts';
import { announce } from '../../lib/announce.ts';
import { tableLabel } from '../../lib/operations/operation.ts';
import { rowPath } from '../../lib/row-position.ts';
import { failureOf } from '../../lib/server/failure.ts';
import { useMe } from '../../lib/server/session.ts';
import { useWithStepUp } from '../../lib/step-up/with-step-up.ts';
import { findWords as w } from '../../strings/find.ts';
import { Button } from '../../ui/button.tsx';
import { Card } from '../../ui/card.tsx';
import { FailureNotice } from '../../ui/failure-notice.tsx';
import { Field, Select } from '../../ui/forms/field.tsx';
import { TableName } from '../../ui/lists/table-name.tsx';
import { ProgressBar } from '../../ui/operations/progress-bar.tsx';
import { createFind, type FindRequest, type FindState } from './find-rows.ts';

const ALL = '';
const MOST_TEXT = 200;

/** The parameters of a search in the address of its backup. */
interface FindAddress {
  [key: string]: string | undefined;
  find?: string;
  in?: string;
}

/** Searches all rows of a backup for a text, and links to each row that contains it. */
export function Find(props: { backup: string; tables: BackupDetail['tables'] }) {
  const me = useMe();
  const passwordFirst = useWithStepUp();
  const [address, setAddress] = useSearchParams<FindAddress>();
  const told = questionIn(address, props.tables);
  const find = createFind(props.backup, ({ text, table, people }) =>
    told ? !people && text === told.text && table === told.table : people,
  );
  const asked = told ?? find.found()?.request ?? null;
  const [text, setText] = createSignal(asked?.text ?? '');
  const [table, setTable] = createSignal(asked?.table ?? ALL);
  const [people, setPeople] = createSignal(asked?.people ?? false);
  const [isMissing, setMissing] = createSignal(false);
  const [refused, setRefused] = createSignal<unknown>(null);
  const [isStarting, setStarting] = createSignal(false);
  let field: HTMLInputElement | undefined;
  const maySearchPeople = () => Boolean(me.data?.scopes.includes('backups:download'));
  const isRunning = () => find.found()?.end === null;
  const options = () => {
    const named: Record<string, string> = { [ALL]: w.allTables };
    for (const { name, rows } of props.tables) if (rows > 0) named[name] = tableLabel(name);
    return named;
  };

  const start = async (question: FindRequest, continueFrom: FindState | null = null) => {
    setStarting(true);
    setRefused(null);
    try {
      const begin = () => find.start(question, continueFrom);
      await (question.people ? passwordFirst(begin) : begin());
    } catch (error) {
      setRefused(() => error);
    } finally {
      setStarting(false);
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    setMissing(text().trim() === '');
    if (isMissing()) return field?.focus();
    if (isStarting()) return;
    const where = table() === ALL ? null : table();
    const question = { text: text().trim(), table: where, people: people() && maySearchPeople() };
    // Who is searched for among personal data is personal itself, so it stays out of the address.
    const shown = question.people ? { find: null, in: null } : { find: question.text, in: where };
    setAddress(shown, { replace: true });
    void start(question);
  };
  onMount(() => {
    if (told && find.found() === null) void start(told);
  });
  createEffect(
    on(find.found, (found, before) => {
      if (found?.end && found.end !== before?.end) announce(outcomeSentence(found));
    }),
  );
  return (
    <Card title={w.title}>
      <search>
        <form class="space-y-3" novalidate onSubmit={submit}>
          <div class="grid gap-3 sm:grid-cols-[minmax(0,1fr)_minmax(0,14rem)]">
            <Field
              ref={(element) => {
                field = element;
              }}
              label={w.text}
              type="search"
              maxlength={MOST_TEXT}
              autocomplete="off"
              hint={w.hint}
              error={isMissing() && text().trim() === '' ? w.missing : null}
              value={text()}
              onInput={setText}
            />
            <Select label={w.table} value={table()} options={options()} onChange={setTable} />
          </div>
          <Show when={maySearchPeople()}>
            <label class="flex min-h-11 cursor-pointer items-start gap-3 py-1 text-sm sm:min-h-9">
              <input
                type="checkbox"
                class="mt-0.5 size-4 shrink-0 accent-brand"
                checked={people()}
                onChange={(event) => setPeople(event.currentTarget.checked)}
              />
              <span>
                {w.people}
                <span class="block text-soft">{w.peopleHint}</span>
              </span>
            </label>
          </Show>
          <div class="flex flex-wrap gap-2">
            <Button type="submit" variant="primary" busy={isStarting()}>
              {w.submit}
            </Button>
            <Show when={isRunning()}>
              <Button
                onClick={() => {
                  find.cancel();
                  field?.focus();
                }}
              >
                {w.cancel}
              </Button>
            </Show>
          </div>
        </form>
      </search>
      <Show when={refused() ?? find.failure()}>
        {(error) => (
          <div class="mt-4">
            <FailureNotice failure={failureOf(error())} />
          </div>
        )}
      </Show>
      <Show when={find.found()}>
        {(found) => (
          <Results backup={props.backup} found={found()} onMore={() => void start(found().request, found())} />
        )}
      </Show>
    </Card>
  );
}

/** Returns the search the address asks for; null when it asks for none. */
function questionIn(address: FindAddress, tables: BackupDetail['tables']): FindRequest | null {
  const text = address.find?.slice(0, MOST_TEXT).trim();
  if (!text) return null;
  return { text, table: tables.find(({ name }) => name === address.in)?.name ?? null, people: false };
}

/** Shows the progress of a search and its hits. */
function Results(props: { backup: string; found: FindState; onMore: () => void }) {
  const share = () => (props.found.of === 0 ? null : props.found.chunks / props.found.of);
  const progressText = () => w.far(props.found.rows, props.found.hits.length);
  const isNothing = () => props.found.end === 'complete' && props.found.hits.length === 0;
  // A hit keeps its element while others are found.
  const hits = createMemo(() => props.found.hits);
  return (
    <div class="mt-4 border-t border-line pt-4">
      <Show
        when={props.found.end === null}
        fallback={
          <div class="flex flex-wrap items-center justify-between gap-2">
            <div>
              <p class="font-medium wrap-anywhere">
                {isNothing() ? w.none(props.found.request.text) : outcomeSentence(props.found)}
              </p>
              <Show when={isNothing()}>
                <p class="text-sm text-soft">{summaryOf(props.found)}</p>
              </Show>
            </div>
            <Show when={props.found.next}>
              <Button onClick={() => props.onMore()}>{w.again}</Button>
            </Show>
          </div>
        }
      >
        <ProgressBar label={w.running} value={share()} text={progressText()} />
        <p class="tabular mt-2 text-sm text-soft">{progressText()}</p>
      </Show>
      <Show when={hits().length > 0}>
        <ul aria-label={w.results} class="mt-3 divide-y divide-line text-sm">
          <For each={hits()}>
            {(hit) => (
              <li class="py-2.5">
                <A
                  href={rowPath(props.backup, hit)}
                  aria-label={w.row(tableLabel(hit.table), hit.number)}
                  class="inline-flex min-h-8 flex-wrap items-center font-medium text-brand hover:underline"
                >
                  <TableName name={hit.table} />
                  {w.row('', hit.number)}
                </A>
                <p class="font-mono text-xs leading-relaxed wrap-anywhere text-soft">
                  <For each={hit.cells}>
                    {(cell) => (
                      <span class="mr-3">
                        {cell.column}{' '}
                        <span class={cell.matched ? 'font-semibold text-ink' : ''}>
                          {cell.value}
                          {cell.cut && w.cut}
                        </span>
                      </span>
                    )}
                  </For>
                </p>
              </li>
            )}
          </For>
        </ul>
      </Show>
      <Show when={props.found.unsearched.length > 0}>
        <div class="mt-3 text-sm text-warn">
          <p>{w.unsearched(props.found.unsearched.length)}</p>
          <ul class="list-disc space-y-1 pl-5">
            <For each={props.found.unsearched}>{(one) => <li class="wrap-anywhere">{one.message}</li>}</For>
          </ul>
        </div>
      </Show>
    </div>
  );
}

function summaryOf({ of, rows, request: question }: FindState): string {
  return of === 0 && !question.people ? w.nothingShown : w.noneLead(rows, question.people);
}

/** Returns one sentence on how a search has ended. */
function outcomeSentence(found: FindState): string {
  const count = found.hits.length;
  switch (found.end) {
    case 'limit':
      return w.foundMore(count);
    case 'time':
      return w.late(count);
    case 'cancelled':
      return w.cancelled(count);
    case 'failed':
      return w.failed(count);
    default:
      return count > 0 ? w.found(count) : `${w.none(found.request.text)}. ${summaryOf(found)}`;
  }
}
