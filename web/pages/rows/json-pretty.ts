const TOKENS = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s"{}[\],:]+/gs;

/**
 * Formats JSON with a line for every member, copying each token, so that numbers keep all their digits. Null for what is no JSON object or
 * list, such as a cut value.
 */
export function prettyJson(text: string): string | null {
  if (!/^\s*[[{]/.test(text)) return null;
  try {
    JSON.parse(text);
  } catch {
    return null;
  }
  let out = '';
  let depth = 0;
  let before = '';
  const line = () => `\n${'  '.repeat(depth)}`;
  for (const [token] of text.matchAll(TOKENS)) {
    const opened = before === '{' || before === '[';
    if (token === '}' || token === ']') {
      depth -= 1;
      out += opened ? token : line() + token;
    } else if (token === ',' || token === ':') {
      out += token === ':' ? ': ' : ',';
    } else {
      out += opened || before === ',' ? line() + token : token;
      if (token === '{' || token === '[') depth += 1;
    }
    before = token;
  }
  return out;
}
