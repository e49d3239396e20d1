import type { JSX } from 'solid-js';

export type Tone = 'good' | 'warn' | 'bad' | 'calm' | 'brand';

const TONES: Readonly<Record<Tone, string>> = {
  good: 'bg-good-wash text-good',
  warn: 'bg-warn-wash text-warn',
  bad: 'bg-bad-wash text-bad',
  calm: 'bg-sunk text-soft',
  brand: 'bg-brand-wash text-brand',
};

/** Renders a word of state. Colour only repeats the word and the icon. */
export function Badge(props: { tone: Tone; icon?: JSX.Element; title?: string | undefined; children: JSX.Element }) {
  return (
    <span
      title={props.title}
      class={`inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap ${TONES[props.tone]}`}
    >
      {props.icon}
      {props.children}
    </span>
  );
}
