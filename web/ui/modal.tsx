import { Dialog } from '@kobalte/core/dialog';
import X from 'lucide-solid/icons/x';
import { createMemo, createRenderEffect, type JSX, on, Show } from 'solid-js';
import { holdPage } from '../lib/input/hold-page.ts';
import { words } from '../strings/shared.ts';
import { pressable } from './button.tsx';

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: string | undefined;
  /** Closes by its buttons alone, and the page stays: what it shows cannot be had again. */
  holds?: boolean | undefined;
  /** What has the focus at first; otherwise what comes first. */
  first?: () => HTMLElement | undefined;
  /** To be told that it is gone, and has given the focus back. */
  onGone?: () => void;
  children: JSX.Element;
}

/** A dialog: holds the focus, gives it back, and closes by Escape. On a phone it comes from below. */
export function Modal(props: ModalProps) {
  // Asked once for each change of its answer: whatever it is made of may change while the dialog stands, with the focus in it.
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
    placeOf(opener)?.focus();
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

/** What ends a dialog: always to be seen, however long the dialog is. The deciding one comes last. */
export function ModalEnd(props: { children: JSX.Element }) {
  return (
    <div class="sticky -bottom-5 -mx-5 -mb-5 flex low:static flex-wrap justify-end gap-2 border-t border-line bg-raised px-5 py-4">
      {props.children}
    </div>
  );
}

/** Where the focus was before: the entry of a menu is gone by then, and the button of its menu stands for it. */
function placeOf(opener: Element | null): HTMLElement | null {
  const menu = opener?.closest('[role=menu]');
  const place = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : opener;
  return place instanceof HTMLElement && place.isConnected ? place : document.querySelector('h1');
}
