/** Longest wait for a field; what is typed later belongs to the page again. */
const CAPTURE_MS = 10_000;

let end: (() => string) | null = null;

/**
 * Keeps what is typed from now on, after `begun`, for a field that is still on its way, until `takeCapturedText` ends it. Escape drops the text
 * and calls `onCancel`; so does a press elsewhere, another field or a wait of ten seconds.
 */
export function captureTyping(onCancel: () => void, begun = ''): void {
  end?.();
  let text = begun;
  const drop = () => {
    takeCapturedText();
    onCancel();
  };
  const press = (event: KeyboardEvent) => {
    if (takesText(event.target)) return drop();
    if (event.isComposing || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === 'Escape') drop();
    else if (event.key === 'Backspace') text = text.slice(0, -1);
    else if (event.key.length === 1) text += event.key;
    // The button that has the focus must not be pressed by a word.
    else if (event.key !== 'Enter') return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  const timer = setTimeout(drop, CAPTURE_MS);
  document.addEventListener('keydown', press, true);
  document.addEventListener('pointerdown', drop, true);
  end = () => {
    clearTimeout(timer);
    document.removeEventListener('keydown', press, true);
    document.removeEventListener('pointerdown', drop, true);
    end = null;
    return text;
  };
}

/** Ends the collection and returns its text; empty when nothing was typed. */
export function takeCapturedText(): string {
  return end?.() ?? '';
}

/** Returns whether an element takes text; checkboxes, radio buttons, buttons and file fields do not. */
export function takesText(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement)
    return true;
  return target instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'file'].includes(target.type);
}
