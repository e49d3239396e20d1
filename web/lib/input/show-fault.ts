/** Moves the focus to the first invalid field of a submitted form, and scrolls to it. Does nothing when all fields are valid. */
export function showFault(event: SubmitEvent): void {
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const wrong = '[aria-invalid=true], fieldset:has(> [data-fault]) input';
  event.currentTarget.querySelector<HTMLElement>(wrong)?.focus();
}
