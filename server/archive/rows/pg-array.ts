/** A parsed PostgreSQL array: texts, nulls, and lists of them. */
export type ArrayTree<Leaf> = (Leaf | ArrayTree<Leaf>)[];

/** Most dimensions of an array in PostgreSQL. */
const DEEPEST = 6;

/**
 * Parses PostgreSQL's text of an array with the delimiter `,`. Returns null for explicit lower bounds (`[0:1]={a,b}`),
 * which a list cannot express. Throws RangeError for text PostgreSQL does not write.
 */
export function parseArray(text: string): ArrayTree<string | null> | null {
  if (text.startsWith('[')) return null;
  const reader = new ArrayReader(text);
  const tree = reader.list(1);
  if (!reader.atEnd) throw new RangeError('something follows an array');
  return tree;
}

/** Returns text that PostgreSQL reads as this array. Every leaf is quoted, so it may hold anything. */
export function formatArray(tree: ArrayTree<string | null>): string {
  const items = tree.map((item) => {
    if (Array.isArray(item)) return formatArray(item);
    return item === null ? 'NULL' : `"${item.replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${items.join(',')}}`;
}

class ArrayReader {
  private at = 0;
  private readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get atEnd(): boolean {
    return this.at === this.text.length;
  }

  list(depth: number): ArrayTree<string | null> {
    if (depth > DEEPEST || this.text[this.at++] !== '{') throw new RangeError('not an array');
    const items: ArrayTree<string | null> = [];
    if (this.text[this.at] === '}') {
      this.at++;
      return items;
    }
    for (;;) {
      items.push(this.item(depth));
      const after = this.text[this.at++];
      if (after === '}') return items;
      if (after !== ',') throw new RangeError('an array does not end');
    }
  }

  private item(depth: number): ArrayTree<string | null>[number] {
    const first = this.text[this.at];
    if (first === '{') return this.list(depth + 1);
    if (first === '"') return this.quoted();
    const start = this.at;
    while (this.at < this.text.length && this.text[this.at] !== ',' && this.text[this.at] !== '}') this.at++;
    const word = this.text.slice(start, this.at);
    if (word === '') throw new RangeError('an array misses an element');
    return word === 'NULL' ? null : word.replaceAll(/\\(.)/gs, '$1');
  }

  private quoted(): string {
    const start = this.at + 1;
    let end = start;
    while (end < this.text.length && this.text[end] !== '"') end += this.text[end] === '\\' ? 2 : 1;
    if (end >= this.text.length) throw new RangeError('a quote in an array does not end');
    this.at = end + 1;
    return this.text.slice(start, end).replaceAll(/\\(.)/gs, '$1');
  }
}
