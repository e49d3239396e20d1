/** The file an archive gets: the chosen name, or one made from the time and the id. */
export function archiveName(chosen: string | undefined, time: Date, id: string): string {
  if (chosen !== undefined) return chosen.endsWith('.zip') ? chosen : `${chosen}.zip`;
  const stamp = time
    .toISOString()
    .replace(/[-:]/g, '')
    .replace(/\.\d+Z$/, 'Z');
  return `backup_${stamp}_${id.replaceAll('-', '').slice(0, 8)}.zip`;
}
