/** Number of rows named for each broken rule; the rest are counted. */
export const NAMED_ROWS = 20;

/** Counts rows of a table and keeps the first `NAMED_ROWS`, in whatever order they arrive. A row is identified by its position, from 0. */
export class FirstRows {
  count = 0;
  readonly rowNumbers: number[] = [];

  add(rowNumber: number): void {
    this.count += 1;
    const last = this.rowNumbers.at(-1);
    if (this.rowNumbers.length === NAMED_ROWS && last !== undefined && rowNumber > last) return;
    this.rowNumbers.push(rowNumber);
    this.rowNumbers.sort((a, b) => a - b);
    if (this.rowNumbers.length > NAMED_ROWS) this.rowNumbers.pop();
  }
}
