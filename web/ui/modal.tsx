import { Dialog } from '@kobalte/core/dialog';
import X from 'lucide-solid/icons/x';
import { createMemo, createRenderEffect, type JSX, on, Show } from 'solid-js';
import { blockNavigation } from '../lib/input/block-navigation.ts';
import { takesText } from '../lib/input/capture-typing.ts';
import { words } from '../strings/shared.ts';
import { buttonClass } from './button.tsx';

interface ModalProps {
  open: boolean;
  onClose: () => void;
  title: string;
  lead?: string | undefined;
  /** True when only its buttons close it and the page cannot be left: its content cannot be shown again. */
  blocksLeaving?: boolean | undefined;
  /** The element that gets the focus first; otherwise the first one. */
  first?: () => HTMLElement | undefined;
  /** Runs once the dialog is gone and has given the focus back. */
  onClosed?: () => void;
  children: JSX.Element;
}

/** Renders a dialog: it holds the focus, gives it back, and closes by Escape. On a phone it comes from below. */
export function Modal(props: ModalProps) {
  // A memo reacts to the value alone: its sources may change while the dialog is open with the focus in it.
  const isOpen = createMemo(() => props.open);
  blockNavigation(() => isOpen() && props.blocksLeaving === true);
  let opener: Element | null = null;
  createRenderEffect(
    on(isOpen, (open) => {
      if (open) opener = document.activeElement;
    }),
  );
  const restoreFocus = (event: Event) => {
    event.preventDefault();
    // It comes a moment after the dialog has gone: somebody may type elsewhere by then.
    if (!takesText(document.activeElement)) focusTarget(opener)?.focus();
    props.onClosed?.();
  };
  const focusFirst = (event: Event) => {
    const first = props.first?.();
    if (!first) return;
    event.preventDefault();
    first.focus();
  };
  const preventClose = (event: Event) => props.blocksLeaving && event.preventDefault();
  return (
    <Dialog open={isOpen()} onOpenChange={(open) => !open && props.onClose()}>
      <Dialog.Portal>
        <Dialog.Overlay class="overlay-in fixed inset-0 z-40 bg-black/50" />
        <div class="fixed inset-0 z-50 flex items-end justify-center sm:items-center sm:p-6">
          <Dialog.Content
            onOpenAutoFocus={focusFirst}
            onCloseAutoFocus={restoreFocus}
            onEscapeKeyDown={preventClose}
            onInteractOutside={preventClose}
            class="overlay-in flex max-h-[calc(100dvh-2rem)] w-full max-w-lg flex-col overflow-hidden rounded-t-2xl border border-line bg-raised text-ink shadow-xl sm:rounded-2xl low:max-h-dvh low:overflow-y-auto"
          >
            <div class="flex items-start justify-between gap-4 px-5 pt-5 pb-3">
              <div class="min-w-0 wrap-anywhere">
                <Dialog.Title class="text-lg font-semibold">{props.title}</Dialog.Title>
                <Show when={props.lead}>
                  <Dialog.Description class="mt-1 text-sm text-soft">{props.lead}</Dialog.Description>
                </Show>
              </div>
              <Dialog.CloseButton class={`${buttonClass('ghost', true)} -mt-2 -mr-2 shrink-0`} aria-label={words.close}>
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
export function ModalFooter(props: { children: JSX.Element }) {
  return (
    <div class="sticky -bottom-5 -mx-5 -mb-5 flex low:static flex-wrap justify-end gap-2 border-t border-line bg-raised px-5 py-4">
      {props.children}
    </div>
  );
}

/** Returns the element that had the focus. For an entry of a menu, gone by then, it is the menu's button. */
function focusTarget(opener: Element | null): HTMLElement | null {
  const menu = opener?.closest('[role=menu]');
  const target = menu ? document.getElementById(menu.getAttribute('aria-labelledby') ?? '') : opener;
  return target instanceof HTMLElement && target.isConnected ? target : document.querySelector('h1');
}
