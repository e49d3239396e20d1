/** Returns whether a name contains every word of the search, in any order and any case. */
export function matchesAll(name: string, search: string): boolean {
  const text = name.toLocaleLowerCase('en');
  return search
    .toLocaleLowerCase('en')
    .split(/\s+/)
    .every((word) => text.includes(word));
}
