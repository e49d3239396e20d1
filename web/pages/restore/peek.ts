import { type Failure, panelFailure } from '../../lib/server/failure.ts';
import { restoreWords } from '../../strings/restore.ts';
import { type DocumentFacts, peekDocument, rejectTruncatedDocument } from './peek-document.ts';
import { endOfZip, firstEntry, lastEntry } from './peek-zip.ts';

const { upload: w } = restoreWords;

/** The kind of a file, found before any byte of it is sent. */
export type Peeked =
  | { kind: 'backup'; madeAt: string; rows: number; tables: number; by: string; database: string }
  /** BackupData; only the server can check all of it. `packed` means it is compressed already and sent as it is. */
  | { kind: 'document'; packed: boolean; facts: DocumentFacts | null };

const MANIFEST = 'manifest.json';
const FORMAT_MAJOR = 1;

/** Identifies a file by its first bytes, and a ZIP by its directory and manifest, reading as little as possible. Throws a Failure. */
export async function peek(file: Blob): Promise<Peeked> {
  if (file.size === 0) throw panelFailure('INPUT_INVALID', w.empty, w.kindHint);
  const start = new Uint8Array(await file.slice(0, 64).arrayBuffer());
  const text = new TextDecoder('latin1').decode(start);
  if (text.startsWith('age-encryption.org/')) throw panelFailure('INPUT_INVALID', w.encrypted, w.encryptedHint);
  if (text.startsWith('PK')) return peekZip(file);
  if (start[0] === 0x1f && start[1] === 0x8b) {
    const unpacked = file.stream().pipeThrough(new DecompressionStream('gzip'));
    return { kind: 'document', packed: true, facts: await peekDocument(unpacked) };
  }
  if (/^(\xef\xbb\xbf)?[ \t\r\n]*[{[]/.test(text)) {
    const facts = await peekDocument(file.stream());
    await rejectTruncatedDocument(file);
    return { kind: 'document', packed: false, facts };
  }
  if (/^(\xff\xfe|\xfe\xff)/.test(text)) throw panelFailure('INPUT_INVALID', w.wide, w.wideHint);
  if (text.startsWith('PGDMP')) throw panelFailure('INPUT_INVALID', w.dump, w.dumpHint);
  throw panelFailure('INPUT_INVALID', w.notZip, w.kindHint);
}

async function peekZip(file: Blob): Promise<Peeked> {
  const end = await endOfZip(file);
  if (end === null) throw truncated();
  const manifest = await lastEntry(file, end, MANIFEST).catch(() => {
    throw truncated();
  });
  if (manifest !== null) return fromManifest(parsed(new TextDecoder().decode(manifest)));
  const document = end.entries === 1 ? await firstEntry(file, /\.json$/i).catch(() => null) : null;
  if (document !== null) return { kind: 'document', packed: true, facts: await peekDocument(document) };
  throw panelFailure('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
}

function fromManifest(manifest: unknown): Peeked {
  const metadata = property(manifest, 'metadata');
  const [version, madeAt] = [property(manifest, 'formatVersion'), property(metadata, 'timestamp')];
  const [rows, tables] = [property(metadata, 'totalRecords'), property(manifest, 'tables')];
  if (typeof version !== 'string' || typeof madeAt !== 'string' || typeof rows !== 'number' || !Array.isArray(tables))
    throw panelFailure('ARCHIVE_INVALID', w.notOurs, w.notOursHint);
  if (Number(version.split('.')[0]) > FORMAT_MAJOR)
    throw panelFailure('ARCHIVE_TOO_NEW', w.newer(version), w.newerHint);
  const text = (value: unknown) => (typeof value === 'string' ? value : '');
  const by = text(property(metadata, 'createdBy'));
  return { kind: 'backup', madeAt, rows, tables: tables.length, by, database: text(property(metadata, 'databaseUrl')) };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw truncated();
  }
}

function property(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function truncated(): Failure {
  return panelFailure('ARCHIVE_DAMAGED', w.cut, w.cutHint);
}
