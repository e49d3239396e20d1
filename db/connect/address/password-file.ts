import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** The result of a look-up in a password file. `why` explains why a file that exists gave no password. */
export interface FilePassword {
  password: string | null;
  path: string;
  why: string | null;
}

/**
 * Looks up a password as PostgreSQL's programs do: lines of `host:port:database:user:password`, `*` for any, the first match wins. Ignores
 * a file that others may read. A socket in the usual folder counts as `localhost`.
 */
export async function passwordFromFile(
  wanted: { host: string; port: number; database: string; user: string },
  file: string | null,
): Promise<FilePassword> {
  const path = file ?? join(homedir(), '.pgpass');
  const facts = await stat(path).catch(() => null);
  if (facts === null) return { password: null, path, why: file === null ? null : 'it is not there' };
  if (!facts.isFile()) return { password: null, path, why: 'it is not a plain file' };
  if ((facts.mode & 0o077) !== 0)
    return { password: null, path, why: 'others may read it; `chmod 600` it, else it is not used' };
  const text = await readFile(path, 'utf8').catch(() => null);
  if (text === null) return { password: null, path, why: 'it cannot be read by this user' };
  const host = ['/var/run/postgresql', '/tmp'].includes(wanted.host) ? 'localhost' : wanted.host;
  const password = passwordIn(text, [host, String(wanted.port), wanted.database, wanted.user]);
  return { password, path, why: password === null ? 'no line of it fits' : null };
}

/** Returns the password of the first line that matches host, port, database and user. */
function passwordIn(text: string, wanted: readonly string[]): string | null {
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith('#')) continue;
    const fields = fieldsOf(line);
    if (fields.length !== 5) continue;
    if (wanted.every((value, index) => fields[index] === '*' || unescaped(fields[index] ?? '') === value))
      return unescaped(fields[4] ?? '') || null;
  }
  return null;
}

/** Splits a line into four fields and the rest. A backslash escapes a colon or a backslash. */
function fieldsOf(line: string): string[] {
  const field = /((?:[^\\:]|\\.)*)(:|$)/y;
  const fields: string[] = [];
  while (fields.length < 4) {
    const [, text = '', end] = field.exec(line) ?? [];
    if (end !== ':') return [];
    fields.push(text);
  }
  return [...fields, line.slice(field.lastIndex)];
}

function unescaped(text: string): string {
  return text.replaceAll(/\\(.)/g, '$1');
}
