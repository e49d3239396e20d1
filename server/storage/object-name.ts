import { AppError } from '../core/errors.ts';

const PLAIN = /^[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}$/;

/** Lets plain file names pass: letters, digits, dot, underscore, hyphen, no leading dot, at most 200 characters. Throws NAME_INVALID for all else. */
export function checkObjectName(name: string): void {
  if (PLAIN.test(name)) return;
  throw new AppError('NAME_INVALID', `${JSON.stringify(name.slice(0, 200))} is not a name a backup can have.`, {
    hint: 'Use letters, digits, dots, underscores and hyphens, not beginning with a dot, at most 200 characters.',
  });
}

/** The same for an object that is made: a name that begins with a hyphen is an option to whoever gives it to another program. */
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

/** Whether a listing shows it: archives, sealed ones included; sidecars, temporaries and foreign files not. */
export function isArchiveName(name: string): boolean {
  return PLAIN.test(name) && /\.zip(\.age)?$/.test(name);
}

/** Whether it is the name of a BackupData document: JSON that lies beside no archive as its notes. */
export function isDocumentName(name: string): boolean {
  return PLAIN.test(name) && /\.json(\.gz)?$/.test(name) && !/\.(zip|age|json|gz)\.json$/.test(name);
}
