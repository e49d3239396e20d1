/** Thrown where rows cannot be changed one by one; the reason completes “… because”. Whatever was done must be rolled back. */
export class NotByRows extends Error {
  override readonly name = 'NotByRows';
}
