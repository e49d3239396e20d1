/** Returns whether a name contains every word of the search, in any order and any case. */
export function matchesAll(name: string, sought: string): boolean {
  const within = name.toLocaleLowerCase('en');
  return sought
    .toLocaleLowerCase('en')
    .split(/\s+/)
    .every((word) => within.includes(word));
}
