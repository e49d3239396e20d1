import { A } from '@solidjs/router';
import ChevronRight from 'lucide-solid/icons/chevron-right';
import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleSlash from 'lucide-solid/icons/circle-slash';
import CircleX from 'lucide-solid/icons/circle-x';
import { createSignal, createUniqueId, For, type JSX, Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { AuditRow } from '../../api.ts';
import { countText, utcText } from '../../lib/format.ts';
import { auditWords as w } from '../../strings/audit.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button, buttonClass } from '../../ui/button.tsx';
import { DescriptionList } from '../../ui/card.tsx';
import { CopyButton } from '../../ui/copy-button.tsx';
import { Moment } from '../../ui/moment.tsx';

const APPEARANCE = {
  allowed: { icon: CircleCheck, tone: 'good' },
  denied: { icon: CircleSlash, tone: 'warn' },
  failed: { icon: CircleX, tone: 'bad' },
} as const;

/** Renders one attempt in plain words; a press unfolds all its details. `day` is set on the first row of a day. */
export function AuditEntry(props: { row: AuditRow; day: string | null; onOnlyBy: (actor: string) => void }) {
  const [open, setOpen] = createSignal(false);
  const id = createUniqueId();
  return (
    <li>
      <Show when={props.day}>
        <h2 class="bg-sunk px-4 py-1.5 text-sm font-semibold">{props.day}</h2>
      </Show>
      <button
        type="button"
        aria-expanded={open()}
        aria-controls={id}
        onClick={() => setOpen(!open())}
        class="grid w-full grid-cols-[1rem_minmax(0,1fr)_auto] items-start gap-x-3 gap-y-0.5 px-4 py-3 text-left text-sm -outline-offset-2! hover:bg-sunk md:grid-cols-[1rem_minmax(0,1fr)_6rem_14rem_12rem] md:items-center"
      >
        <ChevronRight
          class={`mt-0.5 size-4 text-soft transition-transform ${open() ? 'rotate-90' : ''}`}
          aria-hidden="true"
        />
        <span class="min-w-0">
          <span class="font-medium break-words">{w.told(props.row.action, props.row.outcome)}</span>
          <Show when={subjectOf(props.row)}>
            {(subject) => <span class="block break-all text-soft md:truncate">{subject()}</span>}
          </Show>
        </span>
        <span>
          <Outcome of={props.row.outcome} />
        </span>
        <span class="col-span-2 col-start-2 min-w-0 text-soft md:col-span-1 md:col-start-4">
          <span class="block break-all md:truncate">{actorText(props.row.actor)}</span>
          <span class="block break-all md:truncate">{props.row.address}</span>
        </span>
        <span class="col-span-2 col-start-2 text-soft md:col-span-1 md:col-start-5">
          <Moment at={props.row.at} />
        </span>
      </button>
      <div id={id} class={open() ? 'px-4 pt-1 pb-4 md:pl-11' : 'hidden'}>
        <Show when={open()}>
          <Details {...props} />
        </Show>
      </div>
    </li>
  );
}

function Outcome(props: { of: AuditRow['outcome'] }) {
  return (
    <Badge
      tone={APPEARANCE[props.of].tone}
      icon={<Dynamic component={APPEARANCE[props.of].icon} class="size-3.5" aria-hidden="true" />}
    >
      {w.outcomes[props.of]}
    </Badge>
  );
}

function Details(props: { row: AuditRow; onOnlyBy: (actor: string) => void }) {
  const details = () => Object.entries(props.row.details);
  const facts = (): [string, JSX.Element][] => {
    const { row } = props;
    const found: [string, JSX.Element][] = [];
    if (row.code !== null) found.push([w.code, <code class="font-mono text-xs">{row.code}</code>]);
    found.push([w.by, actorText(row.actor)], [w.address, row.address], [w.when, utcText(new Date(row.at))]);
    if (row.target !== null) found.push([w.target, <span class="break-all">{row.target}</span>]);
    found.push([w.recordedAs, <code class="font-mono text-xs break-all">{row.action}</code>]);
    if (row.requestId !== null) found.push([w.reference, <Reference id={row.requestId} />]);
    found.push([w.number, countText(row.id)]);
    return found;
  };
  return (
    <div class="space-y-4">
      <Show when={props.row.code !== null && w.reason(props.row.code)}>
        {(reason) => <p class="text-sm">{reason()}</p>}
      </Show>
      <DescriptionList of={facts()} />
      <Show when={details().length > 0}>
        <div class="text-sm">
          <p class="text-soft">{w.details}</p>
          <ul class="mt-1 space-y-1">
            <For each={details()}>
              {([name, value]) => (
                <li class="break-words">
                  <span class="text-soft">{name}:</span> {valueText(value)}
                </li>
              )}
            </For>
          </ul>
        </div>
      </Show>
      <p class="text-sm">
        <span class="text-soft">{w.hash}</span>{' '}
        <code class="font-mono text-xs break-all text-soft">{props.row.hash}</code>
      </p>
      <div class="flex flex-wrap gap-2">
        <Show when={props.row.operationId}>
          {(operation) => (
            <A href={`/operations/${operation()}`} class={buttonClass()}>
              {w.openOperation}
            </A>
          )}
        </Show>
        <Button class="break-all" onClick={() => props.onOnlyBy(props.row.actor)}>
          {w.onlyBy(actorText(props.row.actor))}
        </Button>
      </div>
    </div>
  );
}

function Reference(props: { id: string }) {
  return (
    <span class="flex flex-wrap items-center gap-1">
      <code class="font-mono text-xs break-all">{props.id}</code>
      <CopyButton text={props.id} label={w.copyReference} />
    </span>
  );
}

/** Returns the subject of an attempt when it means something to people: a name rather than an id, and nothing twice. */
function subjectOf({ target, actor, details }: AuditRow): string | null {
  if (typeof details['name'] === 'string') return details['name'];
  return target === actor || /^[0-9a-f-]{32,36}$/.test(target ?? '') ? null : target;
}

function actorText(actor: string): string {
  return actor === 'nobody' ? w.nobody : actor;
}

/** Formats a detail for people. */
function valueText(value: unknown): string {
  if (Array.isArray(value)) return value.map(valueText).join(', ');
  if (typeof value === 'boolean') return value ? w.yes : w.no;
  if (typeof value === 'number') return countText(value);
  if (value === null || value === undefined) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
