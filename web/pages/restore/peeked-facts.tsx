import { type JSX, Show } from 'solid-js';
import { amountText, countText, momentText } from '../../lib/format.ts';
import { restoreWords } from '../../strings/restore.ts';
import { DescriptionList } from '../../ui/card.tsx';
import { Moment } from '../../ui/moment.tsx';
import type { Peeked } from './peek.ts';
import type { DocumentFacts } from './peek-document.ts';

const { upload: w } = restoreWords;

/** Shows the facts a file states about itself. */
export function PeekedFacts(props: { peeked: Peeked }) {
  return (
    <Show
      when={props.peeked.kind === 'backup' && props.peeked}
      fallback={
        <>
          <p class="text-sm">{w.document}</p>
          <p class="text-sm text-soft">{w.documentLead}</p>
          <Show when={props.peeked.kind === 'document' && props.peeked.facts}>
            {(facts) => <DocumentFactsList facts={facts()} />}
          </Show>
        </>
      }
    >
      {(backup) => (
        <DescriptionList
          narrow
          of={[
            [w.madeAt, <Moment at={backup().madeAt} />],
            [w.by, backup().by],
            [w.rows, `${countText(backup().rows)} (${amountText(backup().tables, 'table')})`],
            [w.of, backup().database],
          ]}
        />
      )}
    </Show>
  );
}

function DocumentFactsList(props: { facts: DocumentFacts }) {
  const known = (): [string, JSX.Element][] => {
    const { madeAt, by, rows, database } = props.facts;
    const found: [string, JSX.Element][] = [];
    if (madeAt !== null) found.push([w.madeAt, <Moment at={madeAt} />]);
    if (by !== null) found.push([w.by, by]);
    if (rows !== null) found.push([w.rows, countText(rows)]);
    if (database !== null) found.push([w.of, database]);
    return found;
  };
  return (
    <div class="mt-3">
      <DescriptionList narrow of={known()} />
    </div>
  );
}

/** Returns the same facts as sentences for screen readers. */
export function factSentences(what: Peeked): string[] {
  const facts = what.kind === 'backup' ? what : what.facts;
  if (facts === null) return [];
  const { madeAt, by, rows, database } = facts;
  const said: string[] = [];
  if (madeAt !== null) said.push(`${w.madeAt} ${momentText(new Date(madeAt))}`);
  if (by) said.push(`${w.by} ${by}`);
  if (rows !== null) said.push(amountText(rows, 'row'));
  if (database) said.push(`${w.of} ${database}`);
  return said;
}
