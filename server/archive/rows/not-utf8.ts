import { AppError } from '../../core/errors.ts';
import type { ManifestEntry } from '../manifest/manifest.ts';
import { describeEntry } from '../reader.ts';
import type { NotUtf8 } from './csv-rows.ts';

/** Returns the error that says where a value is not UTF-8, without showing the value. */
export function notUtf8(cause: NotUtf8, entry: ManifestEntry, columns: string[], so: string, hint: string): AppError {
  const column = columns[cause.column] ?? '';
  return new AppError(
    'ARCHIVE_INVALID',
    `${describeEntry(entry)}, line ${cause.line}, column ${column}: text that is not UTF-8; ${so}.`,
    { cause, hint, details: { entry: entry.name, line: cause.line, column } },
  );
}
