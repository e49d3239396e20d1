import type { ArrayTree } from '../archive/rows/pg-array.ts';
import { AppError } from '../core/errors.ts';
import { invalid, JsonGrammar, TOO_MUCH_HINT } from './grammar.ts';
import type { JsonToken } from './tokens.ts';
import type { JsonForm } from './value-form.ts';
import { arrayFromJson, fromJson, type JsonLeaf, JsonNumber, WrongValue } from './values.ts';

export interface JsonColumn {
  key: string;
  form: JsonForm;
  notNull: boolean;
  /** True when a row can omit it: the column has a default, is an identity or allows NULL. */
  optional: boolean;
}

/** A table of the document, by its BackupData key. */
export interface JsonTable {
  key: string;
  /** Other keys its array may have. */
  aliases: readonly string[];
  columns: JsonColumn[];
  /** Keys of its rows that are ignored: related objects, generated columns. */
  passedOver: ReadonlySet<string>;
}

/** Metadata of a document; every field may be missing, because another program wrote it. */
export type DocumentMetadata = Record<string, unknown>;

export type JsonPiece =
  | { kind: 'metadata'; metadata: DocumentMetadata }
  /** Comes before the first row of a table, or alone for a table without rows: the columns its rows have. */
  | { kind: 'table'; table: JsonTable; path: string; columns: JsonColumn[] }
  /** Texts for PostgreSQL, in the order of those columns. */
  | { kind: 'row'; table: JsonTable; index: number; fields: (string | null)[] };

export interface JsonLimits {
  /** Most characters of one string. */
  valueCharacters: number;
  /** Most characters of all values of one row. */
  rowCharacters: number;
  /** Most keys and values of one row, those inside its values included. */
  rowElements: number;
  metadataCharacters: number;
  /** Hint for a value or row that is larger. */
  larger: string;
}

/**
 * Limits for files that the operator himself gives. PostgreSQL can hold longer values, but no such document was ever
 * written.
 */
export const JSON_LIMITS: JsonLimits = {
  valueCharacters: 256 * 1024 ** 2,
  rowCharacters: 512 * 1024 ** 2,
  rowElements: 10_000_000,
  metadataCharacters: 1024 ** 2,
  larger: TOO_MUCH_HINT,
};

/** Limits for files that anybody may send: one row at its largest takes some 150 MB. */
export const UPLOADED_JSON_LIMITS: JsonLimits = {
  valueCharacters: 16 * 1024 ** 2,
  rowCharacters: 24 * 1024 ** 2,
  rowElements: 500_000,
  metadataCharacters: 1024 ** 2,
  larger:
    'Of an upload less is read than of a file on the server: `bun run scripts/restore.ts FILE` takes larger rows.',
};

/**
 * Number of pieces after which a JSON value's pieces are joined, because until then each is an allocation of its own.
 */
const JOINED_PARTS = 4096;

/** Destination of a row's values, by the kind of the column. */
type PartialValue =
  | { kind: 'json text'; column: JsonColumn; text: string; parts: string[] }
  | { kind: 'list'; column: JsonColumn; open: ArrayTree<JsonLeaf>[] }
  | { kind: 'nothing' };

interface OpenTable {
  table: JsonTable;
  path: string;
  columns: Map<string, JsonColumn>;
  /** Columns of the first row, in the table's order; null before it has ended. */
  shape: JsonColumn[] | null;
}

/**
 * Assembles a BackupData document from its tokens: `accept` each, `takePieces` for what became known, then `end`. Depth is 1
 * inside the document, 2 inside `data`, 3 inside an array, 4 inside a row.
 */
export class BackupDocument {
  private readonly grammar = new JsonGrammar();
  private readonly tables: JsonTable[];
  private readonly limits: JsonLimits;
  private readonly seen = new Set<JsonTable>();
  private pieces: JsonPiece[] = [];
  private partial: PartialValue | null = null;
  /** Depth at which the value being taken ends. */
  private partialDepth = 0;
  private metadata: string[] | null = null;
  private metadataSeen = false;
  private dataSeen = false;
  private current: OpenTable | null = null;
  private row = new Map<JsonColumn, string | null>();
  private rowCharacters = 0;
  private rowElements = 0;

  constructor(tables: JsonTable[], limits: JsonLimits) {
    this.tables = tables;
    this.limits = limits;
  }

  path(): string {
    return this.grammar.path();
  }

  takePieces(): JsonPiece[] {
    const { pieces } = this;
    this.pieces = [];
    return pieces;
  }

  end(): void {
    if (!this.grammar.isComplete)
      throw invalid(
        this.path(),
        'is where the text ends: it was cut off',
        'Copy the file again, or use another backup.',
      );
    if (!this.metadataSeen) throw invalid('metadata', 'is missing: this is no BackupData document');
    if (!this.dataSeen) throw invalid('data', 'is missing: this is no BackupData document');
  }

  readonly accept = (token: JsonToken): void => {
    const { grammar } = this;
    const before = grammar.depth;
    const role = grammar.accept(token);
    this.count(token);
    if (this.metadata) this.collectMetadata(token, this.metadata);
    else if (this.partial) this.continuePartial(token, this.partial);
    else if (role === 'key') this.checkKey(String(token.mark === null ? token.value : ''));
    else if (role === 'close') this.close(grammar.depth);
    else if (role !== 'mark') this.begin(token, before);
  };

  private checkKey(key: string): void {
    const { depth } = this.grammar;
    if (depth === 1 && key !== 'metadata' && key !== 'data')
      throw invalid(this.path(), 'is no part of a BackupData document');
    if (depth === 2) this.current = this.openTable(key);
    if (depth === 4 && this.current && !this.current.columns.has(key) && !this.current.table.passedOver.has(key))
      throw invalid(this.path(), 'is no column of this table');
  }

  /** Handles the beginning of a value, `depth` levels down. */
  private begin(token: JsonToken, depth: number): void {
    if (depth > 3) {
      this.beginColumn(token);
      return;
    }
    this.expect(token, depth === 2 ? '[' : '{', depth);
    if (depth === 1 && this.grammar.keyAt(0) === 'data') this.dataSeen = true;
    else if (depth === 1) this.metadata = ['{'];
    if (depth !== 3) return;
    this.row = new Map();
    this.rowCharacters = 0;
    this.rowElements = 0;
  }

  private expect(token: JsonToken, mark: '{' | '[', depth: number): void {
    if (token.mark !== mark)
      throw invalid(this.grammar.path(depth), `must be ${mark === '{' ? 'an object' : 'a list of rows'}`);
  }

  private openTable(key: string): OpenTable {
    const path = this.path();
    const table = this.tables.find((one) => one.key === key) ?? this.tables.find((one) => one.aliases.includes(key));
    if (!table) throw invalid(path, 'is no table that this program knows', this.knownTables());
    if (this.seen.has(table)) throw invalid(path, `is there twice: it is another name of data.${table.key}`);
    this.seen.add(table);
    return { table, path, columns: new Map(table.columns.map((column) => [column.key, column])), shape: null };
  }

  private knownTables(): string {
    return `The tables are: ${this.tables.map((table) => table.key).join(', ')}.`;
  }

  private beginColumn(token: JsonToken): void {
    const { current, grammar } = this;
    if (!current) throw new TypeError('a value outside any table');
    const key = grammar.keyAt(3);
    const column = current.columns.get(key);
    if (!column) {
      if (token.mark !== null) this.beginPartial({ kind: 'nothing' });
      return;
    }
    const { form } = column;
    if (form.kind === 'json') {
      grammar.repeatsAllowed = !form.binary;
      if (token.mark === null) this.setJson(column, leafText(token.value), token.value === null);
      else this.beginPartial({ kind: 'json text', column, text: '', parts: [token.mark] });
    } else if (token.mark === null) this.set(column, () => fromLeaf(form, token.value));
    else if (form.kind === 'array' && token.mark === '[') this.beginPartial({ kind: 'list', column, open: [[]] });
    else throw invalid(this.columnPath(key), `must be ${wanted(form)}`);
  }

  private beginPartial(partial: PartialValue): void {
    this.partial = partial;
    this.partialDepth = this.grammar.depth - 1;
  }

  private continuePartial(token: JsonToken, partial: PartialValue): void {
    const ended = this.grammar.depth === this.partialDepth;
    if (partial.kind === 'json text') {
      partial.parts.push(tokenText(token));
      if (ended || partial.parts.length >= JOINED_PARTS) {
        partial.text += partial.parts.join('');
        partial.parts = [];
      }
    }
    if (partial.kind === 'list') this.addItem(token, partial.column, partial.open, ended);
    if (!ended) return;
    this.partial = null;
    if (partial.kind === 'json text') this.setJson(partial.column, partial.text, false);
  }

  private addItem(token: JsonToken, column: JsonColumn, open: ArrayTree<JsonLeaf>[], ended: boolean): void {
    const list = open.at(-1) ?? [];
    if (token.mark === null) list.push(token.value);
    else if (token.mark === '{') throw invalid(this.columnPath(column.key), 'must be a list without objects in it');
    else if (token.mark === '[') {
      const inner: ArrayTree<JsonLeaf> = [];
      list.push(inner);
      open.push(inner);
    } else if (token.mark === ']') {
      open.pop();
      const { form } = column;
      if (ended && form.kind === 'array') this.set(column, () => arrayFromJson(form.element, list));
    }
  }

  private set(column: JsonColumn, convert: () => string | null): void {
    let text: string | null;
    try {
      text = convert();
    } catch (error) {
      throw error instanceof WrongValue ? invalid(this.columnPath(column.key), error.message) : error;
    }
    if (text === null && column.notNull) throw invalid(this.columnPath(column.key), 'must not be null');
    this.row.set(column, text);
  }

  /** Sets a JSON value. A plain null is SQL NULL where the column allows NULL, and JSON's own null otherwise. */
  private setJson(column: JsonColumn, text: string, isNull: boolean): void {
    this.grammar.repeatsAllowed = false;
    this.row.set(column, isNull && !column.notNull ? null : text);
  }

  private columnPath(key: string): string {
    const { current, grammar } = this;
    return `${current?.path}[${grammar.indexAt(2)}].${key}`;
  }

  private close(depth: number): void {
    if (depth === 3) this.endRow();
    if (depth === 2 && this.current) {
      const { table, path, shape } = this.current;
      if (!shape) this.pieces.push({ kind: 'table', table, path, columns: table.columns });
      this.current = null;
    }
  }

  private endRow(): void {
    const { current, row } = this;
    if (!current) return;
    const index = this.grammar.indexAt(2);
    const { table, path } = current;
    if (!current.shape) {
      current.shape = table.columns.filter((column) => row.has(column));
      for (const column of table.columns)
        if (!row.has(column) && !column.optional) throw invalid(`${path}[${index}].${column.key}`, 'is missing');
      this.pieces.push({ kind: 'table', table, path, columns: current.shape });
    }
    const fields: (string | null)[] = [];
    for (const column of current.shape) {
      const field = row.get(column);
      if (field === undefined)
        throw invalid(`${path}[${index}].${column.key}`, 'is missing here and there in the first row');
      fields.push(field);
    }
    if (row.size > fields.length) {
      const extra = [...row.keys()].find((column) => !current.shape?.includes(column));
      throw invalid(`${path}[${index}].${extra?.key}`, 'is there and is missing in the first row');
    }
    this.pieces.push({ kind: 'row', table, index, fields });
  }

  private collectMetadata(token: JsonToken, parts: string[]): void {
    parts.push(tokenText(token));
    if (this.grammar.depth > 1) return;
    this.metadata = null;
    this.metadataSeen = true;
    this.rowCharacters = 0;
    this.rowElements = 0;
    this.pieces.push({ kind: 'metadata', metadata: JSON.parse(parts.join('')) });
  }

  private count(token: JsonToken): void {
    const { rowElements, rowCharacters, metadataCharacters } = this.limits;
    this.rowCharacters += token.mark === null ? lengthOf(token.value) : 1;
    if (token.mark === null || token.mark === '{' || token.mark === '[') this.rowElements++;
    const most = this.metadata ? metadataCharacters : rowCharacters;
    if (this.rowCharacters > most) throw this.tooMuch(`more than ${most} characters`);
    if (this.rowElements > rowElements) throw this.tooMuch(`more than ${rowElements} keys and values`);
  }

  private tooMuch(what: string): AppError {
    return new AppError('ARCHIVE_LIMIT', `${this.path()}: ${what} belong together; no more are read.`, {
      hint: this.metadata
        ? 'No backup describes itself at such length: check that this is the right file.'
        : this.limits.larger,
    });
  }
}

function lengthOf(value: JsonLeaf): number {
  if (value instanceof JsonNumber) return value.text.length;
  return typeof value === 'string' ? value.length + 2 : 1;
}

function fromLeaf(form: Exclude<JsonForm, { kind: 'json' }>, value: JsonLeaf): string | null {
  return form.kind === 'array' ? arrayFromJson(form.element, value) : fromJson(form, value);
}

function wanted(form: JsonForm): string {
  if (form.kind === 'array') return 'a list';
  if (form.kind === 'boolean') return 'true or false';
  return form.kind === 'integer' || form.kind === 'float' ? 'a number' : 'a string';
}

function tokenText(token: JsonToken): string {
  return token.mark ?? leafText(token.value);
}

function leafText(value: JsonLeaf): string {
  return value instanceof JsonNumber ? value.text : JSON.stringify(value);
}
