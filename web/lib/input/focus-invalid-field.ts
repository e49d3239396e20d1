/** Moves the focus to the first invalid field of a submitted form, and scrolls to it. Does nothing when all fields are valid. */
export function focusInvalidField(event: SubmitEvent): void {
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const wrong = '[aria-invalid=true], fieldset:has(> [data-error]) input';
  event.currentTarget.querySelector<HTMLElement>(wrong)?.focus();
}
