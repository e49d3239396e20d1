import { AppError } from '../core/errors.ts';
import type { JsonToken } from './tokens.ts';

/** An open object or list. */
interface Frame {
  /** Null for a list. */
  keys: Set<string> | null;
  key: string;
  index: number;
}

/** Role of a token: the key of a member, the begin or end of an object or list, a plain value, or `:` and `,`. */
export type JsonRole = 'key' | 'open' | 'close' | 'leaf' | 'mark';

/** Most levels; more than PostgreSQL itself reads. */
const DEEPEST = 5000;
/** Most keys remembered over all open objects, to bound memory; more than any row or sensible value has. */
const MOST_KEYS = 1_000_000;

/**
 * Checks tokens against JSON's grammar and tracks the path to the current one, for one document from first token to
 * last.
 */
export class JsonGrammar {
  /** True while reading a value in which keys may repeat, because PostgreSQL's `json` keeps them. */
  repeatsAllowed = false;
  private readonly frames: Frame[] = [];
  /** Keys of all frames. */
  private keysOpen = 0;
  private expected: 'value' | 'value or end' | 'key' | 'key or end' | 'colon' | 'comma or end' | 'nothing' = 'value';

  /** Returns the number of open objects and lists. */
  get depth(): number {
    return this.frames.length;
  }

  get isComplete(): boolean {
    return this.expected === 'nothing';
  }

  /** Returns the key (or index, in a list) that leads on from the frame at `level`, counted from 0. */
  keyAt(level: number): string {
    return this.frames[level]?.key ?? '';
  }

  indexAt(level: number): number {
    return this.frames[level]?.index ?? 0;
  }

  /** Returns the path of the last token, such as `data.staff[17].gender`, or its first `levels`. */
  path(levels = this.frames.length): string {
    let path = '';
    for (const { keys, key, index } of this.frames.slice(0, levels))
      path = keys === null ? `${path}[${index}]` : memberPath(path, key);
    return path === '' ? 'the document' : path;
  }

  /**
   * Returns the token's role. Throws ARCHIVE_INVALID for a misplaced token or repeated key, ARCHIVE_LIMIT for too many
   * levels.
   */
  accept(token: JsonToken): JsonRole {
    const { expected } = this;
    const frame = this.frames.at(-1);
    const wantsValue = expected === 'value' || expected === 'value or end';
    if (token.mark === null) {
      if (wantsValue) {
        this.afterValue();
        return 'leaf';
      }
      if ((expected === 'key' || expected === 'key or end') && frame?.keys && typeof token.value === 'string') {
        this.addKey(frame, frame.keys, token.value);
        return 'key';
      }
      throw this.wrong();
    }
    const { mark } = token;
    if ((mark === '{' || mark === '[') && wantsValue) {
      this.push(mark === '[');
      return 'open';
    }
    if (mark === ':' && expected === 'colon') {
      this.expected = 'value';
      return 'mark';
    }
    if (mark === ',' && expected === 'comma or end' && frame) {
      if (frame.keys === null) frame.index++;
      this.expected = frame.keys === null ? 'value' : 'key';
      return 'mark';
    }
    const mayEnd = expected === 'comma or end' || expected === 'value or end' || expected === 'key or end';
    if (mayEnd && frame && mark === (frame.keys === null ? ']' : '}')) {
      this.keysOpen -= this.frames.pop()?.keys?.size ?? 0;
      this.afterValue();
      return 'close';
    }
    throw this.wrong();
  }

  private push(isList: boolean): void {
    if (this.frames.length >= DEEPEST)
      throw new AppError('ARCHIVE_LIMIT', `${this.path()}: the document is nested more than ${DEEPEST} levels deep.`, {
        hint: TOO_MUCH_HINT,
      });
    this.frames.push({ keys: isList ? null : new Set(), key: '', index: 0 });
    this.expected = isList ? 'value or end' : 'key or end';
  }

  private addKey(frame: Frame, keys: Set<string>, key: string): void {
    frame.key = key;
    this.expected = 'colon';
    if (this.repeatsAllowed) return;
    if (keys.has(key))
      throw invalid(
        this.path(),
        'is there twice',
        'Remove the wrong one: which of the two that is cannot be known here.',
      );
    if (++this.keysOpen > MOST_KEYS)
      throw new AppError(
        'ARCHIVE_LIMIT',
        `${this.path()}: objects of more than ${MOST_KEYS} members are within each other.`,
        { hint: TOO_MUCH_HINT },
      );
    keys.add(key);
  }

  private afterValue(): void {
    this.expected = this.frames.length === 0 ? 'nothing' : 'comma or end';
  }

  private wrong(): AppError {
    const what = this.isComplete ? 'something follows the end of the document' : `expected ${this.expected}`;
    return new AppError('ARCHIVE_INVALID', `${this.path()}: this is not JSON: ${what}.`, {
      hint: 'Use the file as it was written, not an edited copy.',
      details: { path: this.path() },
    });
  }
}

function memberPath(path: string, key: string): string {
  if (/^[A-Za-z_$][\w$]{0,99}$/.test(key)) return path === '' ? key : `${path}.${key}`;
  return `${path}[${JSON.stringify(key.length > 100 ? `${key.slice(0, 100)}…` : key)}]`;
}

/** Hint for sizes that are read of no document, whoever gives it. */
export const TOO_MUCH_HINT =
  'Of no document more is read: take the value out of it, and put it into its table by hand.';

/** Returns an ARCHIVE_INVALID error for the place `path`: `data.staff[17].gender must be a string.` */
export function invalid(path: string, what: string, hint?: string, details: Record<string, unknown> = {}): AppError {
  return new AppError('ARCHIVE_INVALID', `${path} ${what}.`, {
    hint: hint ?? 'Correct the document at this place, or use another backup.',
    details: { path, ...details },
  });
}
