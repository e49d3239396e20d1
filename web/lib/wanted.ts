import { createSignal } from 'solid-js';

const [creating, setCreating] = createSignal(false);

/** Whether somebody has asked, elsewhere in the panel, for a backup to be made: the page of the backups asks what it is to hold. */
export const backupIsWanted = creating;

/** Asks for it; the page that takes it up says so with false. */
export const wantBackup = setCreating;
