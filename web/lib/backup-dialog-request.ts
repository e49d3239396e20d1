import { createSignal } from 'solid-js';

const [requested, setRequested] = createSignal(false);

/** True when a backup was requested elsewhere in the panel; the page of backups then opens its dialog. */
export const isBackupDialogRequested = requested;

/** Requests the dialog for a new backup; the page that opens it resets the request with false. */
export const requestBackupDialog = setRequested;
