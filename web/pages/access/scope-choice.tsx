import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { For, Show } from 'solid-js';
import type { Scope } from '../../api.ts';
import { accessWords } from '../../strings/access.ts';
import { Badge } from '../../ui/badge.tsx';
import { CheckboxGroup, withToggled } from '../../ui/forms/checkbox-group.tsx';
import { DANGEROUS_SCOPES } from './token-item.tsx';

interface ScopeChoiceProps {
  chosen: readonly Scope[];
  /** The scopes of the token's maker: nobody can give more. */
  offered: readonly Scope[];
  onChange: (chosen: Scope[]) => void;
  error?: string | null;
}

/** Renders the choice of a token's scopes, each with what it allows. */
export function ScopeChoice(props: ScopeChoiceProps) {
  return (
    <CheckboxGroup legend={accessWords.make.scopes} error={props.error} class="divide-y divide-line">
      <For each={accessWords.allScopes.filter((scope) => props.offered.includes(scope))}>
        {(scope) => (
          <label class="flex cursor-pointer gap-3 px-3 py-2.5 text-sm hover:bg-sunk">
            <input
              type="checkbox"
              checked={props.chosen.includes(scope)}
              onChange={(event) => props.onChange(withToggled(props.chosen, scope, event.currentTarget.checked))}
              class="mt-0.5 size-4 shrink-0 accent-brand"
            />
            <span class="min-w-0">
              <span class="flex flex-wrap items-center gap-2">
                <span class="font-medium">{accessWords.scope(scope)}</span>
                <Show when={DANGEROUS_SCOPES.includes(scope)}>
                  <Badge tone="warn" icon={<TriangleAlert class="size-3.5" aria-hidden="true" />}>
                    {accessWords.tokens.dangerous}
                  </Badge>
                </Show>
              </span>
              <span class="block text-soft">{accessWords.allows(scope)}</span>
            </span>
          </label>
        )}
      </For>
    </CheckboxGroup>
  );
}
