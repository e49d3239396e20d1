import { AppError } from '../core/errors.ts';

const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/**
 * Throws NAME_INVALID unless this is a plain file name: letters, digits, dot, underscore, hyphen, no leading dot, at
 * most 200 characters.
 */
export function checkObjectName(name: string): void {
  if (PLAIN.test(name)) return;
  throw new AppError('NAME_INVALID', `${JSON.stringify(name.slice(0, 200))} is not a name a backup can have.`, {
    hint: 'Use letters, digits, dots, underscores and hyphens, not beginning with a dot, at most 200 characters.',
  });
}

/**
 * Throws NAME_INVALID unless a new object may have this name. Beyond `checkObjectName` it refuses a leading hyphen,
 * because other programs would take the name for an option.
 */
export function checkNewName(name: string): void {
  checkObjectName(name);
  if (!name.startsWith('-')) return;
  throw new AppError(
    'NAME_INVALID',
    `${JSON.stringify(name)} begins with a hyphen, which other programs take for an option.`,
    {
      hint: 'Begin the name with a letter, a digit or an underscore.',
    },
  );
}

/** Returns whether lists show this name: archives, also sealed ones, but no sidecars, temporary or foreign files. */
export function isArchiveName(name: string): boolean {
  return PLAIN.test(name) && /\.zip(\.age)?$/.test(name);
}

/** Returns whether this is the name of a BackupData document: JSON that is not the sidecar of an archive. */
export function isDocumentName(name: string): boolean {
  return PLAIN.test(name) && /\.json(\.gz)?$/.test(name) && !/\.(zip|age|json|gz)\.json$/.test(name);
}
