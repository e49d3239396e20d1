import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleDashed from 'lucide-solid/icons/circle-dashed';
import CircleSlash from 'lucide-solid/icons/circle-slash';
import CircleX from 'lucide-solid/icons/circle-x';
import LoaderCircle from 'lucide-solid/icons/loader-circle';
import TriangleAlert from 'lucide-solid/icons/triangle-alert';
import { Dynamic } from 'solid-js/web';
import type { Operation } from '../api.ts';
import { isIncomplete, STATE_TONES } from '../lib/operations/operation.ts';
import { words } from '../strings/shared.ts';
import { Badge } from './badge.tsx';

const ICONS = {
  queued: CircleDashed,
  running: LoaderCircle,
  succeeded: CircleCheck,
  failed: CircleX,
  cancelled: CircleSlash,
} as const;

/** Shows the state of an operation, or how it ended. */
export function StateBadge(props: { of: Pick<Operation, 'state' | 'result'> }) {
  const isPartial = () => isIncomplete(props.of);
  return (
    <Badge
      tone={isPartial() ? 'warn' : STATE_TONES[props.of.state]}
      icon={
        <Dynamic
          component={isPartial() ? TriangleAlert : ICONS[props.of.state]}
          class={`size-3.5 ${props.of.state === 'running' ? 'animate-spin' : ''}`}
          aria-hidden="true"
        />
      }
    >
      {isPartial() ? words.operation.finishedPartly : words.operation.states[props.of.state]}
    </Badge>
  );
}
