/** Upper limits of a JSON text, checked before anything is built from it. */
export interface JsonLimits {
  /** Levels of lists and objects. */
  depth: number;
  /** Keys and values, each counted as one. */
  elements: number;
  /** Bytes of one string as written. */
  stringBytes: number;
}

/** Longest number in digits, or word in letters: nobody writes longer ones, and converting such a number takes time. */
const PLAIN_BYTES = 1100;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_LIST = 0x5b;
const CLOSE_LIST = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;

/**
 * Returns the offset at which the JSON value beginning at `start` ends, allocating nothing, at a cost proportional to
 * the bytes passed. Throws what `refuse` makes of the first limit broken. Does not check that it is JSON: parsing does,
 * once the text is known to be small enough.
 */
export function endOfJson(
  bytes: Uint8Array,
  start: number,
  limits: JsonLimits,
  refuse: (what: string) => Error,
): number {
  let depth = 0;
  let elements = 1;
  let at = start;
  while (at < bytes.length) {
    const byte = bytes[at] as number;
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (end - at - 2 > limits.stringBytes) throw refuse(`a text of more than ${limits.stringBytes} bytes`);
      at = end;
      if (depth === 0) return at;
    } else if (byte === OPEN_OBJECT || byte === OPEN_LIST) {
      at++;
      elements++;
      if (++depth > limits.depth) throw refuse(`more than ${limits.depth} levels`);
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_LIST) {
      if (depth === 0) return at;
      at++;
      if (--depth === 0) return at;
    } else if (byte === COMMA || byte === COLON) {
      if (depth === 0) return at;
      at++;
      elements++;
    } else if (isSpace(byte)) {
      at++;
    } else {
      const end = endOfPlain(bytes, at);
      if (end - at > PLAIN_BYTES) throw refuse(`a number of more than ${PLAIN_BYTES} digits`);
      at = end;
      if (depth === 0) return at;
    }
    if (elements > limits.elements) throw refuse(`more than ${limits.elements} keys and values`);
  }
  return at;
}

/** Throws what `refuse` makes of the first limit that the text breaks, as `endOfJson` does. */
export function limitJson(bytes: Uint8Array, limits: JsonLimits, refuse: (what: string) => Error): void {
  // What follows a whole value is no longer JSON; it is measured all the same, because the parser will meet it.
  for (let at = 0; at < bytes.length; ) at = Math.max(endOfJson(bytes, at, limits, refuse), at + 1);
}

/** Returns the offset after the spaces that begin at `at`. */
export function pastSpaces(bytes: Uint8Array, at: number): number {
  let next = at;
  while (next < bytes.length && isSpace(bytes[next] as number)) next++;
  return next;
}

/**
 * Returns the offset after the closing quote of the string that begins at `start`, or the end of the bytes when there
 * is none.
 */
function endOfString(bytes: Uint8Array, start: number): number {
  for (let at = start + 1; ; ) {
    const quote = bytes.indexOf(QUOTE, at);
    if (quote === -1) return bytes.length;
    let before = quote;
    while (bytes[before - 1] === BACKSLASH && before - 1 > start) before--;
    if ((quote - before) % 2 === 0) return quote + 1;
    at = quote + 1;
  }
}

function endOfPlain(bytes: Uint8Array, start: number): number {
  let at = start + 1;
  for (; at < bytes.length; at++) {
    const byte = bytes[at] as number;
    const ends =
      isSpace(byte) ||
      byte === COMMA ||
      byte === COLON ||
      byte === QUOTE ||
      byte === OPEN_LIST ||
      byte === CLOSE_LIST ||
      byte === OPEN_OBJECT ||
      byte === CLOSE_OBJECT;
    if (ends) return at;
  }
  return at;
}

function isSpace(byte: number): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
