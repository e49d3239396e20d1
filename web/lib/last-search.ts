const searches = new Map<string, string>();

/** Remembers the search of a page's address, until the panel is loaded again or somebody else signs in. */
export function rememberSearch(path: string, search: string): void {
  searches.set(path, search);
}

/** Returns the address of a page as it was left, with its search; for links that lead back. */
export function asLeft(path: string): string {
  return `${path}${searches.get(path) ?? ''}`;
}

/** Forgets every search, for the next person. */
export function forgetSearches(): void {
  searches.clear();
}
