import type { ByteSource } from '../../core/bytes.ts';
import { AppError } from '../../core/errors.ts';

/** Type of an upload: our archive, BackupData JSON, the same compressed by gzip, or an older backup's ZIP around it. */
export type UploadType = 'archive' | 'json' | 'json.gz' | 'zip';

/** Bytes at the end that hold the end record, ZIP64 included, and the directory's entries of manifest and signature. */
const TAIL_BYTES = 512;
const HEAD_BYTES = 512;

/**
 * Reads what a file is from its first and last bytes, never from its name. Throws INPUT_INVALID when it is nothing
 * acceptable.
 */
export async function readUploadType(source: ByteSource): Promise<UploadType> {
  const head = await source.read(0, Math.min(HEAD_BYTES, source.size));
  const tail = await source.read(Math.max(0, source.size - TAIL_BYTES), Math.min(TAIL_BYTES, source.size));
  const type = tellType(head, tail);
  if (type !== null) return type;
  throw new AppError('INPUT_INVALID', `${whatElse(head)} That is not a backup.`, {
    hint: 'Send an archive (.zip) made by this program, or a BackupData document as .json, .json.gz or .zip.',
  });
}

/**
 * Returns the type by the file's first and last bytes, or null. A damaged archive is still recognised, by one end
 * alone, so that it is refused for its damage. Pure.
 */
export function tellType(head: Uint8Array, tail: Uint8Array): UploadType | null {
  const [start, end] = [latin1(head), latin1(tail)];
  const isZip = start.startsWith('PK\x03\x04') || start.startsWith('PK\x05\x06');
  const isOurs = end.includes('PK\x05\x06') && end.includes('PK\x01\x02') && /manifest\.(json|sig)/.test(end);
  if (isOurs || (isZip && start.slice(30).startsWith('data/'))) return 'archive';
  if (isZip) return 'zip';
  if (start.startsWith('\x1f\x8b\x08')) return 'json.gz';
  return /^(\xef\xbb\xbf)?[ \t\r\n]*[{[]/.test(start) ? 'json' : null;
}

function whatElse(head: Uint8Array): string {
  const start = latin1(head);
  if (head.length === 0) return 'The file is empty.';
  if (start.startsWith('age-encryption.org/')) return 'The file is encrypted by age: decrypt it first.';
  if (start.startsWith('\xff\xfe') || start.startsWith('\xfe\xff')) return 'The file is UTF-16 text: save it as UTF-8.';
  if (start.startsWith('PGDMP')) return 'The file is a dump of pg_dump: give it to pg_restore.';
  return 'The file is neither a ZIP nor gzip nor JSON.';
}

function latin1(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}
