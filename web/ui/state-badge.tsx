import CircleCheck from 'lucide-solid/icons/circle-check';
import CircleDashed from 'lucide-solid/icons/circle-dashed';
import CircleSlash from 'lucide-solid/icons/circle-slash';
import CircleX from 'lucide-solid/icons/circle-x';
import LoaderCircle from 'lucide-solid/icons/loader-circle';
import { Dynamic } from 'solid-js/web';
import type { OperationState } from '../api.ts';
import { STATE_TONES } from '../lib/operations.ts';
import { words } from '../strings.ts';
import { Badge } from './badge.tsx';

const ICONS = {
  queued: CircleDashed,
  running: LoaderCircle,
  succeeded: CircleCheck,
  failed: CircleX,
  cancelled: CircleSlash,
} as const;

export function StateBadge(props: { state: OperationState }) {
  return (
    <Badge
      tone={STATE_TONES[props.state]}
      icon={
        <Dynamic
          component={ICONS[props.state]}
          class={`size-3.5 ${props.state === 'running' ? 'animate-spin' : ''}`}
          aria-hidden="true"
        />
      }
    >
      {words.operation.states[props.state]}
    </Badge>
  );
}
