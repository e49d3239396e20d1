import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleX from 'lucide-solid/icons/circle-x';
import { Show } from 'solid-js';
import type { ChainCheck } from '../../api.ts';
import { auditWords as w } from '../../strings/audit.ts';
import { Card } from '../../ui/card.tsx';

/** Shows whether every seal of the audit could be recomputed. */
export function AuditCheck(props: { found: ChainCheck }) {
  return (
    <Card class="mb-6">
      <Show
        when={props.found.ok}
        fallback={
          <>
            <p class="flex gap-2 font-medium text-bad">
              <CircleX class="mt-0.5 size-5 shrink-0" aria-hidden="true" />
              {w.broken(props.found.brokenAt ?? 0, props.found.rows)}
            </p>
            <p class="mt-1 text-sm">{w.brokenHint}</p>
          </>
        }
      >
        <p class="flex gap-2 font-medium text-good">
          <CircleCheck class="mt-0.5 size-5 shrink-0" aria-hidden="true" />
          {w.whole(props.found.rows)}
        </p>
      </Show>
      <p class="mt-1 text-sm text-soft">{w.checkLead}</p>
    </Card>
  );
}
