import { Tokenizer, TokenizerError, TokenType } from '@streamparser/json';
import { AppError } from '../core/errors.ts';
import { type JsonLeaf, JsonNumber } from './values.ts';

/** A JSON token: a mark, or a string, number, boolean or null. */
export type JsonToken = { mark: '{' | '}' | '[' | ']' | ':' | ',' } | { mark: null; value: JsonLeaf };

export interface JsonTokenizer {
  /** Takes the next bytes and passes on every token that ends in them. Throws ARCHIVE_INVALID or ARCHIVE_LIMIT. */
  write(bytes: Uint8Array): void;
  /** Ends the text. Throws ARCHIVE_INVALID when it ended within a token. */
  end(): void;
}

/** Longest number: the digits before and after the point of the longest `numeric`, and some for its exponent. */
const LONGEST_NUMBER = 131_072 + 16_383 + 100;

const MARKS = {
  [TokenType.LEFT_BRACE]: { mark: '{' },
  [TokenType.RIGHT_BRACE]: { mark: '}' },
  [TokenType.LEFT_BRACKET]: { mark: '[' },
  [TokenType.RIGHT_BRACKET]: { mark: ']' },
  [TokenType.COLON]: { mark: ':' },
  [TokenType.COMMA]: { mark: ',' },
} as const satisfies Partial<Record<TokenType, JsonToken>>;

/**
 * Cuts UTF-8 into JSON tokens as it arrives, ignoring a byte order mark at the start. Refuses other encodings, invalid
 * UTF-8, text that is not JSON, strings beyond `limits`, and numbers longer than any in PostgreSQL. Errors name the
 * position that `where` returns.
 */
export function createJsonTokenizer(
  onToken: (token: JsonToken) => void,
  where: () => string,
  limits: { valueCharacters: number; larger: string },
): JsonTokenizer {
  const longest = limits.valueCharacters;
  const tokenizer = new ExactTokenizer({ emitPartialTokens: true });
  keepByteOrderMarks(tokenizer);
  tokenizer.onToken = ({ token, value, partial }) => {
    if (token === TokenType.STRING || token === TokenType.NUMBER) {
      const text = token === TokenType.STRING ? String(value) : tokenizer.numberText;
      const most = token === TokenType.STRING ? longest : Math.min(longest, LONGEST_NUMBER);
      if (text.length > most) {
        tooLong = new AppError(
          'ARCHIVE_LIMIT',
          `${where()}: a value has more than ${most} characters; longer ones are not read.`,
          { hint: most === LONGEST_NUMBER ? 'PostgreSQL has no such number: correct it.' : limits.larger },
        );
        throw tooLong;
      }
      if (!partial) onToken({ mark: null, value: token === TokenType.STRING ? text : new JsonNumber(text) });
      return;
    }
    if (partial) return;
    onToken(token in MARKS ? MARKS[token as keyof typeof MARKS] : { mark: null, value: value as boolean | null });
  };
  let isFirst = true;
  // The library swallows what is thrown for a part of a number.
  let tooLong: AppError | null = null;
  const explained = (work: () => void) => {
    try {
      work();
    } catch (error) {
      throw explain(error, where());
    }
    if (tooLong) throw tooLong;
  };
  return {
    write(bytes) {
      if (bytes.length === 0) return;
      if (isFirst) refuseWideEncoding(bytes);
      isFirst = false;
      explained(() => tokenizer.write(bytes));
    },
    end: () => explained(() => tokenizer.end()),
  };
}

/** Keeps the digits as written. */
class ExactTokenizer extends Tokenizer {
  numberText = '';

  override parseNumber(text: string): number {
    this.numberText = text;
    return 0;
  }
}

/**
 * Makes the library keep U+FEFF in strings. It decodes them piece by piece with a decoder that drops U+FEFF at the
 * start of each piece, and has no option for it. `tokens.test.ts` fails once this no longer reaches the decoder.
 */
function keepByteOrderMarks(tokenizer: Tokenizer): void {
  for (const name of ['bufferedString', 'bufferedNumber']) {
    const builder: object = Reflect.get(tokenizer, name);
    Reflect.set(builder, 'decoder', new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }));
  }
}

/** Refuses UTF-16 and UTF-32, which show in the first bytes of anything that begins like JSON. */
function refuseWideEncoding(bytes: Uint8Array): void {
  const [first, second] = bytes;
  const marked = (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff);
  if (marked || first === 0 || second === 0)
    throw new AppError('ARCHIVE_INVALID', 'The document is not in UTF-8 but in UTF-16 or UTF-32.', {
      hint: 'Save it as UTF-8 and give it again.',
    });
}

function explain(error: unknown, where: string): unknown {
  if (error instanceof TokenizerError) {
    const [, position] = /absolute position "(\d+)"/.exec(error.message) ?? [];
    const cut = /ended in the middle/.test(error.message);
    const what = cut ? 'the text ends here: it was cut off' : 'this is not JSON';
    return new AppError('ARCHIVE_INVALID', `${where}: ${what}${position ? ` (byte ${position})` : ''}.`, {
      cause: error,
      hint: cut ? 'Copy the file again, or use another backup.' : 'Use the file as it was written, not an edited copy.',
      details: { path: where, ...(position && { byte: Number(position) }) },
    });
  }
  // The error of a fatal decoder.
  if (error instanceof TypeError)
    return new AppError('ARCHIVE_INVALID', `${where}: the text is not UTF-8.`, {
      cause: error,
      hint: 'Save the document as UTF-8 and give it again.',
      details: { path: where },
    });
  return error;
}
