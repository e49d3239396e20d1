import { type Failure, panelFailure } from '../../lib/server/failure.ts';
import { restoreWords } from '../../strings/restore.ts';

const { upload: w } = restoreWords;

/** The metadata of a BackupData document; null for each value it does not state. */
export interface DocumentFacts {
  madeAt: string | null;
  rows: number | null;
  by: string | null;
  database: string | null;
}

/** Enough for any metadata, which come first in what this program and the HRMS write. */
const HEAD_CHARACTERS = 256 * 1024;
const TAIL_BYTES = 64;
const PARTS = ['metadata', 'data'];

/**
 * Reads only the beginning of a BackupData document, from a stream. Null when it may be one but its metadata are not found there. Throws a
 * Failure for a file that cannot be one.
 */
export async function peekDocument(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<DocumentFacts | null> {
  const text = await headOf(bytes);
  const first = /^\uFEFF?\s*\{\s*(?:"([^"]{0,80})"|(\})|$)/.exec(text);
  if (!first || first[2] || (first[1] !== undefined && !PARTS.includes(first[1]))) throw notABackup();
  const metadata = /^\uFEFF?\s*\{\s*"metadata"\s*:\s*/.exec(text);
  if (!metadata) return null;
  const found = objectIn(text.slice(metadata[0].length));
  return found && factsIn(found);
}

/** Throws a Failure for a document that was cut off: it does not end with its closing brace. */
export async function rejectTruncatedDocument(file: Blob): Promise<void> {
  const tail = await file.slice(-TAIL_BYTES).text();
  if (!tail.trimEnd().endsWith('}')) throw panelFailure('ARCHIVE_DAMAGED', w.cutDocument, w.cutHint);
}

async function headOf(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<string> {
  const decoder = new TextDecoder();
  const reader = bytes.getReader();
  let text = '';
  try {
    while (text.length < HEAD_CHARACTERS) {
      const { done, value } = await reader.read();
      if (done) break;
      text += decoder.decode(value, { stream: true });
    }
  } catch {
    // Decompression failed somewhere in the middle.
    throw panelFailure('ARCHIVE_DAMAGED', w.cut, w.cutHint);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text;
}

/** Returns the object at the beginning of a text; null when it does not end within the text. */
function objectIn(text: string): object | null {
  let depth = 0;
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]]/gs)) {
    if (token === '{' || token === '[') depth++;
    if (token === '}' || token === ']') depth--;
    if (depth === 0) return objectFrom(text.slice(0, index + token.length));
  }
  return null;
}

function objectFrom(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // The error is thrown below.
  }
  throw notABackup();
}

function factsIn(metadata: object): DocumentFacts {
  const text = (key: string) => {
    const value: unknown = Reflect.get(metadata, key);
    return typeof value === 'string' && value !== '' ? value : null;
  };
  const madeAt = text('timestamp');
  const rows: unknown = Reflect.get(metadata, 'totalRecords');
  return {
    madeAt: madeAt !== null && Number.isFinite(Date.parse(madeAt)) ? madeAt : null,
    rows: typeof rows === 'number' ? rows : null,
    by: text('createdBy'),
    database: text('databaseUrl'),
  };
}

function notABackup(): Failure {
  return panelFailure('ARCHIVE_INVALID', w.notBackupData, w.notBackupDataHint);
}
