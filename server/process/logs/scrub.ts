/** Keys whose values are never written, whatever they hold. */
const KEYS =
  '(?:ssl)?pass(?:word|wd|phrase)?|(?:new|old|current)password|cookie|set-cookie|(?:proxy-)?authorization|secret\\w*|\\w*token|jwt|code|sessionid|session_id|privatekey|private_key|privatejwe|apikey|api_key';
/** `"password":"…"` in JSON, its value a text or a list. */
const FIELD = new RegExp(`"(${KEYS})"\\s*:\\s*(?:"(?:[^"\\\\]|\\\\.)*"|\\[[^\\]]*\\])`, 'gi');
/** The same in JSON within a JSON text. */
const NESTED = new RegExp(`\\\\"(${KEYS})\\\\"\\s*:\\s*\\\\"(?:[^"\\\\]|\\\\(?!")(?:\\\\.)?)*\\\\"`, 'gi');
/** `?token=…` in an address, `password=…` in a connection string of words. */
const PARAMETER = new RegExp(`\\b(${KEYS})=(?:'[^']*'|[^\\s&"'\\\\;,]+)`, 'gi');
/**
 * User and password of any address; a password may hold an at sign, the host may not. Lengths are bounded, because a
 * line may be made to be slow.
 */
const CREDENTIALS = /\b(postgres(?:ql)?:\/\/)[^\s"']{0,1000}@|\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s/"'?#]{0,1000}@/gi;
const BEARER = /\b(bearer|basic) {1,4}[\w.~+/=-]{6,}/gi;
const JWT = /\beyJ[\w-]{1,2000}\.[\w-]{1,4000}\.[\w-]*/g;

/** Error codes, which are under the key `code` and are no secret. */
const PLAIN_CODE = /^"code":"[A-Z0-9_]{1,40}"$/;

/**
 * Removes secrets from one line of log (JSON): passwords, cookies, tokens, and the user part of addresses. It is the
 * last line of defence against code that should not have logged them; the line stays JSON. Pure.
 */
export function scrub(line: string): string {
  return line
    .replace(CREDENTIALS, (_, postgres?: string, any?: string) => `${postgres ?? any ?? ''}***@`)
    .replace(FIELD, (field: string, key: string) =>
      PLAIN_CODE.test(field.replace(/\s/g, '')) ? field : `"${key}":"[redacted]"`,
    )
    .replace(NESTED, (_, key: string) => `\\"${key}\\":\\"[redacted]\\"`)
    .replace(PARAMETER, (_, key: string) => `${key}=[redacted]`)
    .replace(BEARER, (_, scheme: string) => `${scheme} [redacted]`)
    .replace(JWT, '[redacted]');
}
