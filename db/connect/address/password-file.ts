import { readFile, stat } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';

/** What a password file gave for a connection; `why` says why it gave nothing although it is there. */
export interface FilePassword {
  password: string | null;
  path: string;
  why: string | null;
}

/**
 * Looks a password up as PostgreSQL's programs do: `host:port:database:user:password` by line, `*` for any, the first line that fits.
 * A file that others may read is not used. A socket counts as `localhost` when it is in the usual folder.
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

/** The password of the first line that fits host, port, database and user. */
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

/** Four fields and the rest; a colon or backslash within is written with a backslash before it. */
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
