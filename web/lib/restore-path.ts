/** Returns the address of the page that restores a backup. `tables` are chosen there at first; none given means all. */
export function restorePath(backup: string, tables: readonly string[] = []): string {
  const search = new URLSearchParams({ backup });
  for (const table of tables) search.append('tables', table);
  return `/restore?${search}`;
}
