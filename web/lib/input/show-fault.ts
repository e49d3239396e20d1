/** Moves the focus to the first field of a form at which something is wrong, into sight; does nothing where all is well. For who has just sent it. */
export function showFault(event: SubmitEvent): void {
  if (!(event.currentTarget instanceof HTMLFormElement)) return;
  const wrong = '[aria-invalid=true], fieldset:has(> [data-fault]) input';
  event.currentTarget.querySelector<HTMLElement>(wrong)?.focus();
}
