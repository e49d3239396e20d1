/** How many rows that break a rule are named; the rest are counted. */
export const NAMED_ROWS = 20;

/** Counts rows of a table and keeps the first of them, whatever the order they come in. A row is told by its place, from 0. */
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
