import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleSlash from 'lucide-solid/icons/circle-slash';
import Hourglass from 'lucide-solid/icons/hourglass';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { type JSX, Show } from 'solid-js';
import { Dynamic } from 'solid-js/web';
import type { Scope, TokenLine as Token } from '../../api.ts';
import { now } from '../../lib/clock.ts';
import { accessWords } from '../../strings/access.ts';
import { Badge } from '../../ui/badge.tsx';
import { Button } from '../../ui/button.tsx';
import { Moment } from '../../ui/moment.tsx';
import { tokenState } from './token-state.ts';

const { tokens: w } = accessWords;
/** Scopes that can do irreversible harm. */
export const DANGEROUS_SCOPES: readonly Scope[] = ['restores:run', 'backups:delete', 'tokens:manage'];

const APPEARANCE = {
  valid: { icon: CircleCheck, tone: 'good' },
  ownerless: { icon: TriangleAlert, tone: 'warn' },
  expired: { icon: Hourglass, tone: 'calm' },
  revoked: { icon: CircleSlash, tone: 'calm' },
} as const;

/** Renders one token: its name, its scopes, its state. */
export function TokenItem(props: { token: Token; onRevoke: () => void }) {
  const state = () => tokenState(props.token, now());
  const isInactive = () => state() === 'revoked' || state() === 'expired';
  const isDangerous = () => props.token.scopes.some((scope) => DANGEROUS_SCOPES.includes(scope));
  return (
    <li class="flex flex-wrap items-start justify-between gap-x-4 gap-y-2 py-3 text-sm first:pt-0 last:pb-0">
      <div class="min-w-0 flex-1 basis-64">
        <p class="flex flex-wrap items-center gap-2 font-medium">
          <span class="wrap-anywhere">{props.token.name}</span>
          <Badge
            tone={APPEARANCE[state()].tone}
            icon={<Dynamic component={APPEARANCE[state()].icon} class="size-3.5" aria-hidden="true" />}
          >
            {w.states[state()]}
          </Badge>
          <Show when={isDangerous() && !isInactive()}>
            <Badge tone="warn" icon={<TriangleAlert class="size-3.5" aria-hidden="true" />}>
              {w.dangerous}
            </Badge>
          </Show>
        </p>
        <p class="mt-0.5">
          <span class="text-soft">{w.may}</span> {props.token.scopes.map(accessWords.scope).join(', ')}
        </p>
        <p class="mt-0.5 flex flex-wrap gap-x-4 text-soft">
          <Detail name={w.of}>
            <span class="break-all">{props.token.email}</span>
          </Detail>
          <Detail name={w.used}>
            <Show when={props.token.lastUsedAt} fallback={w.never}>
              {(at) => <Moment at={at()} ago />}
            </Show>
          </Detail>
          <Detail name={isInactive() ? w.ended : w.ends}>
            <Moment at={props.token.revokedAt ?? props.token.expiresAt} />
          </Detail>
        </p>
        <Show when={props.token.revokedBy}>
          {(who) => <p class="mt-0.5 break-all text-soft">{w.revokedBy(who())}</p>}
        </Show>
        <Show when={state() === 'ownerless'}>
          <p class="mt-0.5 text-warn">{w.ownerlessHint}</p>
        </Show>
      </div>
      <Show when={!isInactive()}>
        <Button variant="danger-outline" aria-label={w.revokeOf(props.token.name)} onClick={() => props.onRevoke()}>
          {w.revoke}
        </Button>
      </Show>
    </li>
  );
}

function Detail(props: { name: string; children: JSX.Element }) {
  return (
    <span>
      {props.name} {props.children}
    </span>
  );
}
