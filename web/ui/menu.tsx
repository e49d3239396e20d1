import { DropdownMenu } from '@kobalte/core/dropdown-menu';
import type { LucideProps } from 'lucide-solid';
import EllipsisVertical from 'lucide-solid/icons/ellipsis-vertical';
import { type Component, For } from 'solid-js';
import { takesText } from '../lib/input/capture-typing.ts';
import { buttonClass } from './button.tsx';

export const MENU_CLASS =
  'overlay-in z-40 min-w-48 rounded-xl border border-line bg-raised p-1.5 text-ink shadow-lg outline-none';
export const MENU_ITEM_CLASS =
  'flex min-h-11 items-center gap-3 rounded-lg px-3 text-sm outline-none select-none sm:min-h-9 data-[highlighted]:bg-sunk';

/** Returns the element to mount a menu in: above whatever would clip it, and inside the region screen readers go through. */
export function menuMount(): HTMLElement {
  return document.querySelector('main') ?? document.body;
}

/** Leaves the focus with whoever types elsewhere by the time a closed menu gives it back to its button. */
export function keepTypingFocus(): void {
  const place = document.activeElement;
  if (place instanceof HTMLElement && takesText(place)) queueMicrotask(() => place.focus());
}

export interface MenuEntry {
  name: string;
  icon: Component<LucideProps>;
  /** True for an irreversible action. */
  destructive?: boolean;
  onSelect: () => void;
}

/** Renders a button of three dots that opens a list of actions. */
export function Menu(props: { label: string; entries: MenuEntry[] }) {
  return (
    <DropdownMenu placement="bottom-end" gutter={4} modal={false}>
      <DropdownMenu.Trigger class={buttonClass('ghost', true)} aria-label={props.label}>
        <EllipsisVertical class="size-5" aria-hidden="true" />
      </DropdownMenu.Trigger>
      <DropdownMenu.Portal mount={menuMount()}>
        <DropdownMenu.Content class={MENU_CLASS} onCloseAutoFocus={keepTypingFocus}>
          <For each={props.entries}>
            {(entry) => (
              <DropdownMenu.Item
                class={`${MENU_ITEM_CLASS} ${entry.destructive ? 'text-bad' : ''}`}
                onSelect={entry.onSelect}
              >
                <entry.icon class="size-4" aria-hidden="true" />
                {entry.name}
              </DropdownMenu.Item>
            )}
          </For>
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu>
  );
}
