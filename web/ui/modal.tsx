import { Dialog } from '@kobalte/core/dialog';
import X from 'lucide-solid/icons/x';
import { createMemo, createRenderEffect, type JSX, on, Show } from 'solid-js';
import { takesText } from '../lib/input/early-typing.ts';
import { holdPage } from '../lib/input/hold-page.ts';
import { words } from '../strings/shared.ts';
import { pressable } from './button.tsx';

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: string | undefined;
  /** True when only its buttons close it and the page cannot be left: its content cannot be shown again. */
  holds?: boolean | undefined;
  /** The element that gets the focus first; otherwise the first one. */
  first?: () => HTMLElement | undefined;
  /** Runs once the dialog is gone and has given the focus back. */
  onGone?: () => void;
  children: JSX.Element;
}

/** Renders a dialog: it holds the focus, gives it back, and closes by Escape. On a phone it comes from below. */
export function Modal(props: ModalProps) {
  // A memo reacts to the value alone: its sources may change while the dialog is open with the focus in it.
  const isOpen = createMemo(() => props.open);
  holdPage(() => isOpen() && props.holds === true);
  let opener: Element | null = null;
  createRenderEffect(
    on(isOpen, (open) => {
      if (open) opener = document.activeElement;
    }),
  );
  const giveBack = (event: Event) => {
    event.preventDefault();
    // It comes a moment after the dialog has gone: somebody may type elsewhere by then.
    if (!takesText(document.activeElement)) placeOf(opener)?.focus();
    props.onGone?.();
  };
  const focusFirst = (event: Event) => {
    const first = props.first?.();
    if (!first) return;
    event.preventDefault();
    first.focus();
  };
  const keepOpen = (event: Event) => props.holds && event.preventDefault();
  return (
    <Dialog open={isOpen()} onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay class="overlay-in fixed inset-0 z-40 bg-black/50" />
        <div class="fixed inset-0 z-50 flex items-end justify-center sm:items-center sm:p-6">
          <Dialog.Content
            onOpenAutoFocus={focusFirst}
            onCloseAutoFocus={giveBack}
            onEscapeKeyDown={keepOpen}
            onInteractOutside={keepOpen}
            class="overlay-in flex max-h-[calc(100dvh-2rem)] w-full max-w-lg flex-col overflow-hidden rounded-t-2xl border border-line bg-raised text-ink shadow-xl sm:rounded-2xl low:max-h-dvh low:overflow-y-auto"
          >
            <div class="flex items-start justify-between gap-4 px-5 pt-5 pb-3">
              <div>
                <Dialog.Title class="text-lg font-semibold">{props.title}</Dialog.Title>
                <Show when={props.lead}>
                  <Dialog.Description class="mt-1 text-sm text-soft">{props.lead}</Dialog.Description>
                </Show>
              </div>
              <Dialog.CloseButton class={`${pressable('quiet', true)} -mt-2 -mr-2 shrink-0`} aria-label={words.close}>
                <X class="size-5" aria-hidden="true" />
              </Dialog.CloseButton>
            </div>
            <div class="overflow-y-auto px-5 pt-1 pb-5 low:overflow-y-visible">{props.children}</div>
          </Dialog.Content>
        </div>
      </Dialog.Portal>
    </Dialog>
  );
}

/** Renders the buttons at the end of a dialog, visible however long it is. The deciding one comes last. */
export function ModalEnd(props: { children: JSX.Element }) {
  return (
    <div class="sticky -bottom-5 -mx-5 -mb-5 flex low:static flex-wrap justify-end gap-2 border-t border-line bg-raised px-5 py-4">
      {props.children}
    </div>
  );
}

/** Returns the element that had the focus. For an entry of a menu, gone by then, it is the menu's button. */
function placeOf(opener: Element | null): HTMLElement | null {
  const menu = opener?.closest('[role=menu]');
  const place = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : opener;
  return place instanceof HTMLElement && place.isConnected ? place : document.querySelector('h1');
}
