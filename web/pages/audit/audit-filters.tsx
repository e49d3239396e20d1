import { useSearchParams } from '@solidjs/router';
import ListFilter from 'lucide-solid/icons/list-filter';
import { createSignal, createUniqueId } from 'solid-js';
import { createDebouncedText } from '../../lib/input/debounced-text.ts';
import { auditWords as w } from '../../strings/audit.ts';
import { Button } from '../../ui/button.tsx';
import { Field, Select } from '../../ui/forms/field.tsx';
import type { AuditSearch } from './audit-filter.ts';

const ALL = 'all';
const OUTCOMES: Record<string, string> = { [ALL]: w.all, ...w.outcomes };

/**
 * Renders the filters of the audit, kept in the address. On a phone the rarer ones are folded behind a button. `ref` receives the search
 * field.
 */
export function AuditFilters(props: { ref: (field: HTMLInputElement) => void }) {
  const [search, setSearch] = useSearchParams<AuditSearch>();
  const setParameter = (name: keyof AuditSearch, value: string) =>
    setSearch({ [name]: value === '' || value === ALL ? null : value }, { replace: true });
  const [text, setText] = createDebouncedText(
    () => search.search ?? '',
    (value) => setParameter('search', value),
  );
  const [actor, setActor] = createDebouncedText(
    () => search.actor ?? '',
    (value) => setParameter('actor', value),
  );
  const [open, setOpen] = createSignal(Boolean(search.action || search.actor || search.from || search.to));
  const id = createUniqueId();
  /** Returns the actions to choose from; the address may name one unknown to this panel. */
  const actions = (): Record<string, string> => ({
    [ALL]: w.all,
    ...w.deeds,
    ...(search.action && !Object.hasOwn(w.deeds, search.action) && { [search.action]: search.action }),
  });
  return (
    <search class="mb-4 block">
      <div class="grid grid-cols-2 gap-3 sm:grid-cols-[1fr_12rem]">
        <Field
          ref={props.ref}
          label={w.search}
          type="search"
          class="col-span-2 sm:col-span-1"
          placeholder={w.searchHint}
          maxlength={200}
          value={text()}
          onInput={setText}
        />
        <Select
          label={w.outcome}
          value={Object.hasOwn(OUTCOMES, search.outcome ?? '') ? (search.outcome ?? ALL) : ALL}
          options={OUTCOMES}
          onChange={(value) => setParameter('outcome', value)}
        />
        <Button class="self-end sm:hidden" aria-expanded={open()} aria-controls={id} onClick={() => setOpen(!open())}>
          <ListFilter class="size-4" aria-hidden="true" />
          {open() ? w.fewerFilters : w.moreFilters}
        </Button>
      </div>
      <div
        id={id}
        class={`mt-3 grid-cols-2 gap-3 sm:grid lg:grid-cols-[1fr_1fr_10rem_10rem] ${open() ? 'grid' : 'hidden'}`}
      >
        <Select
          label={w.action}
          class="col-span-2 sm:col-span-1"
          value={search.action ?? ALL}
          options={actions()}
          onChange={(value) => setParameter('action', value)}
        />
        <Field
          label={w.person}
          class="col-span-2 sm:col-span-1"
          placeholder={w.personHint}
          autocomplete="off"
          spellcheck={false}
          maxlength={320}
          value={actor()}
          onInput={setActor}
        />
        <Field
          label={w.from}
          type="date"
          value={search.from ?? ''}
          max={search.to ?? ''}
          onInput={(day) => setParameter('from', day)}
        />
        <Field
          label={w.to}
          type="date"
          value={search.to ?? ''}
          min={search.from ?? ''}
          onInput={(day) => setParameter('to', day)}
        />
      </div>
    </search>
  );
}
