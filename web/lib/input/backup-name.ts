import { words } from '../../strings/shared.ts';

const PLAIN = /^[A-Za-z0-9_][A-Za-z0-9._-]*$/;

/** Endings that say what a file holds, as the server knows them. */
const FORMAT_ENDINGS = /(?:\.(?:zip|age|json|gz|tgz|tar|sql|dump|csv|7z|zst|bz2|xz))+$/i;

/** Returns what is wrong with a name for a new backup, or null. The server refuses the same names; an empty one means none. */
export function backupNameFault(name: string): string | null {
  const { create: w } = words;
  if (name === '') return null;
  if (name.startsWith('-')) return w.nameHyphen;
  if (!PLAIN.test(name)) return w.nameWrong;
  const ending = FORMAT_ENDINGS.exec(name)?.[0];
  return ending === undefined || /\.zip$/i.test(ending) ? null : w.nameEnding(ending);
}
