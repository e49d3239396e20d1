import { parseWords } from '../../db/connect/address/conninfo.ts';

/** Returns a function that removes secrets from a text: those of the given connection strings, and anything that looks like one. */
export function createMask(connectionStrings: (string | undefined)[]): (text: string) => string {
  const secrets = [...new Set(connectionStrings.flatMap((text) => (text ? passwordsIn(text) : [])))].sort(
    (a, b) => b.length - a.length,
  );
  return (text) => {
    let masked = text
      .replace(/([a-z][a-z0-9+.-]*:\/\/)[^\s/@]*@/gi, '$1***@')
      .replace(
        /(\b(?:password|passwd|pwd|sslpassword)\s*[=:]\s*)('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|[^\s&,;]+)/gi,
        '$1***',
      );
    for (const secret of secrets) masked = masked.replaceAll(secret, '***');
    return masked;
  };
}

/** Returns every spelling of the passwords in a connection string. Short ones are omitted: masking them would eat ordinary words. */
function passwordsIn(text: string): string[] {
  const found: string[] = [];
  const user = /^[a-z][a-z0-9+.-]*:\/\/[^\s/]*?:([^\s/]*)@/i.exec(text)?.[1];
  const parameters = [...` ${text}`.matchAll(/[?&\s](?:ssl)?password=('(?:[^'\\]|\\.)*'|[^&\s]+)/gi)].map(
    ([, value]) => value,
  );
  for (const raw of [user, ...parameters.map((value) => value?.replace(/^'|'$/g, ''))]) {
    if (!raw) continue;
    found.push(raw);
    try {
      found.push(decodeURIComponent(raw));
    } catch {
      // Not percent-encoded: it is used as it is.
    }
  }
  try {
    const given = parseWords(text);
    found.push(given.get('password') ?? '', given.get('sslpassword') ?? '');
  } catch {
    // No connection string: the patterns found all there is.
  }
  return found.filter((secret) => secret.length >= 4);
}
