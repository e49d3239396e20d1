import { AppError, throwIfCancelled } from '../core/errors.ts';
import type { OnProgress } from '../core/progress.ts';
import { JSON_LIMITS } from './document.ts';
import type { JsonDocument } from './file-kind.ts';
import { invalid, JsonGrammar } from './grammar.ts';
import { createJsonTokenizer, type JsonToken } from './tokens.ts';

/**
 * Result of reading a document to its end without a database: it is whole JSON of the right structure, with these rows.
 */
export interface JsonSurvey {
  rows: number;
  /** Number of rows for each key under `data`. */
  tables: Record<string, number>;
  bytes: number;
  /** SHA-256 of the text. */
  digest: string;
}

/**
 * Reads every byte of a BackupData document and counts its rows. Rejects with ARCHIVE_INVALID and a path where it is
 * not whole JSON in UTF-8 or has a structure no document has. Does not check columns and values, because only a
 * database knows what they must be.
 */
export async function surveyJson(
  document: JsonDocument,
  { signal, onProgress }: { signal: AbortSignal; onProgress: OnProgress },
): Promise<JsonSurvey> {
  const grammar = new JsonGrammar();
  const tables = new Map<string, number>();
  const seen = new Set<string>();
  const take = (token: JsonToken): void => {
    const before = grammar.depth;
    // A value of PostgreSQL's `json` may hold a key twice.
    grammar.repeatsAllowed = before > 4;
    const role = grammar.accept(token);
    const [part, table] = [grammar.keyAt(0), grammar.keyAt(1)];
    if (role === 'key' && before === 1) seen.add(part);
    if (role !== 'open' && role !== 'leaf') return;
    const wanted = [['{', 'an object'], ['{', 'an object'], ['[', 'a list of rows'], ['{', 'a row'] as const][before];
    if (before === 1 && part !== 'data' && part !== 'metadata')
      throw invalid(part, 'is no part of a BackupData document');
    if (!wanted || (before > 1 && part !== 'data')) return;
    const [mark, words] = wanted;
    if (token.mark !== mark) throw invalid(grammar.path(before), `must be ${words}`);
    if (before === 2) tables.set(table, 0);
    if (before === 3) tables.set(table, (tables.get(table) ?? 0) + 1);
  };
  const tokenizer = createJsonTokenizer(take, () => grammar.path(), JSON_LIMITS);
  const hash = new Bun.CryptoHasher('sha256');
  const totalBytes = document.size ?? 0;
  let bytes = 0;
  const sum = () => [...tables.values()].reduce((all, rows) => all + rows, 0);
  for await (const piece of document.bytes(signal)) {
    throwIfCancelled(signal, 'Reading the document');
    hash.update(piece);
    tokenizer.write(piece);
    bytes += piece.length;
    onProgress({ stage: 'verify', rows: sum(), bytes, totalBytes });
  }
  tokenizer.end();
  if (!grammar.isComplete)
    throw invalid(
      grammar.path(),
      'is where the text ends: it was cut off',
      'Copy the file again, or use another backup.',
    );
  for (const part of ['metadata', 'data'])
    if (!seen.has(part)) throw invalid(part, 'is missing: this is no BackupData document');
  return { rows: sum(), tables: Object.fromEntries(tables), bytes, digest: hash.digest('hex') };
}

/**
 * Throws ARCHIVE_INVALID for JSON that is no BackupData document, judged by its first key: a `package.json`, a
 * configuration, a manifest. Ignores text that cannot be read: reading it whole reports that.
 */
export async function refuseOtherJson(document: JsonDocument, label: string, signal: AbortSignal): Promise<void> {
  const first = await firstKey(document, signal);
  if (first === null || first === 'metadata' || first === 'data') return;
  throw new AppError('ARCHIVE_INVALID', `${label} is no backup: it is some other JSON, which begins with "${first}".`, {
    hint: 'A BackupData document holds "metadata" and "data", an archive is a .zip. `bun run scripts/list.ts` shows what is stored.',
    details: { first },
  });
}

/**
 * Returns the first key of an object; empty for a list or an object without keys; null for text that is not JSON so
 * far.
 */
async function firstKey(document: JsonDocument, signal: AbortSignal): Promise<string | null> {
  const grammar = new JsonGrammar();
  let first: string | null = null;
  const tokenizer = createJsonTokenizer(
    (token) => {
      const role = grammar.accept(token);
      if (role === 'key') first ??= grammar.keyAt(0).slice(0, 100);
      else if (role === 'close' || token.mark === '[') first ??= '';
    },
    () => grammar.path(),
    JSON_LIMITS,
  );
  try {
    for await (const piece of document.bytes(signal)) {
      tokenizer.write(piece);
      if (first !== null) break;
    }
  } catch (error) {
    if (signal.aborted) throw error;
  }
  return first;
}
