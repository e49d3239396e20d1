/**
 * The file an archive gets: the chosen name, or one made from the moment it shows and its id. `again` tells apart those that would
 * have the same.
 */
export function archiveName(chosen: string | undefined, time: Date, id: string, again = 1): string {
  if (chosen !== undefined) return chosen.endsWith('.zip') ? chosen : `${chosen}.zip`;
  const stamp = time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}${again > 1 ? `-${again}` : ''}.zip`;
}
