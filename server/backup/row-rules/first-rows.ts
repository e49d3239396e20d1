/** Number of rows named for each broken rule; the rest are counted. */
export const NAMED_ROWS = 20;

/** Counts rows of a table and keeps the first `NAMED_ROWS`, in whatever order they arrive. A row is identified by its position, from 0. */
export class FirstRows {
  count = 0;
  readonly places: number[] = [];

  add(place: number): void {
    this.count += 1;
    const last = this.places.at(-1);
    if (this.places.length === NAMED_ROWS && last !== undefined && place > last) return;
    this.places.push(place);
    this.places.sort((a, b) => a - b);
    if (this.places.length > NAMED_ROWS) this.places.pop();
  }
}
