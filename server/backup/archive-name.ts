/**
 * Returns the file name of an archive: the chosen name, or one made from the UTC time and the id. `again` above 1 is appended, to tell
 * apart archives that would share a name.
 */
export function archiveName(chosen: string | undefined, time: Date, id: string, again = 1): string {
  if (chosen !== undefined) return chosen.endsWith('.zip') ? chosen : `${chosen}.zip`;
  const stamp = time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}${again > 1 ? `-${again}` : ''}.zip`;
}
