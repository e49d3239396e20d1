/** The page that restores a backup. `tables`: those that are chosen there at first; all of them when none is given. */
export function restorePath(backup: string, tables: readonly string[] = []): string {
  const search = new URLSearchParams({ backup });
  for (const table of tables) search.append('tables', table);
  return `/restore?${search}`;
}
