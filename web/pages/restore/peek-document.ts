import { type Failure, made } from '../../lib/server/failure.ts';
import { restoreWords } from '../../strings/restore.ts';

const { upload: w } = restoreWords;

/** What a BackupData document says of itself; null where it does not. */
export interface DocumentFacts {
  madeAt: string | null;
  rows: number | null;
  by: string | null;
  database: string | null;
}

/** Far enough for any metadata, which stand first in what this program and the HRMS write. */
const HEAD_CHARACTERS = 256 * 1024;
const TAIL_BYTES = 64;
const PARTS = ['metadata', 'data'];

/**
 * Looks at the beginning of a BackupData document as it streams in, and no further. Null: it may be one, but says of itself nothing so
 * far. Throws a Failure for what cannot be one.
 */
export async function peekDocument(bytes: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<DocumentFacts | null> {
  const text = await headOf(bytes);
  const first = /^\uFEFF?\s*\{\s*(?:"([^"]{0,80})"|(\})|$)/.exec(text);
  if (!first || first[2] || (first[1] !== undefined && !PARTS.includes(first[1]))) throw noBackup();
  const metadata = /^\uFEFF?\s*\{\s*"metadata"\s*:\s*/.exec(text);
  if (!metadata) return null;
  const found = objectIn(text.slice(metadata[0].length));
  return found && factsIn(found);
}

/** Refuses a document whose end is not there: what was cut off does not close what it has opened. */
export async function refuseCutDocument(file: Blob): Promise<void> {
  const tail = await file.slice(-TAIL_BYTES).text();
  if (!tail.trimEnd().endsWith('}')) throw made('ARCHIVE_DAMAGED', w.cutDocument, w.cutHint);
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
    // It does not unpack, from some place on.
    throw made('ARCHIVE_DAMAGED', w.cut, w.cutHint);
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  return text;
}

/** The object a text begins with; null while its end is not there. */
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
    // Told below.
  }
  throw noBackup();
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

function noBackup(): Failure {
  return made('ARCHIVE_INVALID', w.notBackupData, w.notBackupDataHint);
}
