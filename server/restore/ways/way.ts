/** Ways in which rows get into live tables; docs/backup-and-restore.md says what each does and who waits for it. */
export const WAYS = ['rows', 'rewrite'] as const;
export type Way = (typeof WAYS)[number];

/** Ways that may be asked for; `auto` leaves the choice to `applyRestore`. */
export const WANTED_WAYS = ['auto', ...WAYS] as const;
export type WantedWay = (typeof WANTED_WAYS)[number];

/** A way, and in words why it was taken and no other. */
export interface ChosenWay {
  way: Way;
  why: string;
}
