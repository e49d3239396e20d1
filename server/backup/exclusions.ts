import { readFile } from 'node:fs/promises';
import { basename, resolve } from 'node:path';
import type { ObjectName } from '../../db/model/model.ts';
import { AppError, fileRedactions } from '../core/errors.ts';

/** One line of the file in which an operator lists what is left out on purpose. */
export interface Exclusion {
  /** File and line, for people. */
  location: string;
  /** The pattern as it was written. */
  pattern: string;
  /** `tables`: definition and rows. `rows`: the rows alone. */
  what: 'tables' | 'rows' | 'sequences' | 'large objects';
  reason: string;
  matches(name: ObjectName): boolean;
}

/** Reads the file named by BACKUP_EXCLUDE; returns none when the setting is absent. Throws CONFIG_INVALID naming the line at fault. */
export async function readExclusions(path: string | null): Promise<Exclusion[]> {
  if (path === null) return [];
  const file = resolve(path);
  const bytes = await readFile(file).catch((cause: unknown) => {
    throw new AppError('CONFIG_INVALID', `BACKUP_EXCLUDE names ${file}, which cannot be read.`, {
      hint: 'Set it to the file that says what backups leave out, or leave it empty.',
      cause,
      redactions: fileRedactions(file),
    });
  });
  return parseExclusions(bytes.toString('utf8'), basename(file));
}

const FORM =
  'A line is `pattern = reason`: `shop.old_* = moved away`, `rows of public.audit_trails = too large`, `sequence public.tmp_* = not used`, `large objects = made again`. # begins a comment.';
const LONGEST_REASON = 500;

/** Parses the lines of an exclusion file. Throws CONFIG_INVALID with the number of the first invalid line. */
export function parseExclusions(text: string, file: string): Exclusion[] {
  return text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .flatMap((line, index) => {
      const location = `${file}:${index + 1}`;
      return /^\s*(#|$)/.test(line) ? [] : [exclusionOf(line.trim(), location)];
    });
}

function exclusionOf(line: string, location: string): Exclusion {
  const split = /^((?:[^="]|"(?:[^"]|"")*")*)=(.*)$/.exec(line);
  const [pattern, reason] = [split?.[1]?.trim() ?? '', split?.[2]?.trim() ?? ''];
  if (!split) throw invalid(location, 'has no `= reason`');
  if (pattern === '') throw invalid(location, 'has no pattern before the `=`');
  if (reason === '') throw invalid(location, 'gives no reason after the `=`');
  if (reason.length > LONGEST_REASON)
    throw invalid(location, `gives a reason of more than ${LONGEST_REASON} characters`);
  if (/\p{Cc}/u.test(line)) throw invalid(location, 'holds a control character');
  if (/^large objects$/i.test(pattern))
    return { location, pattern, what: 'large objects', reason, matches: () => false };
  const [, prefix = '', name = ''] = /^(?:(rows of|sequence|table)\s+)?(.*)$/i.exec(pattern) ?? [];
  const what = ({ 'rows of': 'rows', sequence: 'sequences' } as const)[prefix.toLowerCase()] ?? 'tables';
  return { location, pattern, what, reason, matches: matcherOf(name, location) };
}

/** One part of a name. Quoted, it stands for itself; otherwise `*` matches any text and `?` one character. */
const PART = String.raw`"(?:[^"]|"")+"|[^\s".]+`;

function matcherOf(pattern: string, location: string): (name: ObjectName) => boolean {
  const parts = new RegExp(`^(${PART})(?:\\.(${PART}))?$`, 'u').exec(pattern);
  if (!parts) throw invalid(location, `has the pattern \`${pattern}\`, which is no name`);
  const [first = '', second] = [parts[1], parts[2]];
  const schema = partMatcher(second === undefined ? 'public' : first);
  const name = partMatcher(second ?? first);
  return (object) => schema.test(object.schema) && name.test(object.name);
}

function partMatcher(part: string): RegExp {
  const escaped = (text: string) => text.replaceAll(/[\\^$.*+?()[\]{}|/]/g, String.raw`\$&`);
  const source = part.startsWith('"')
    ? escaped(part.slice(1, -1).replaceAll('""', '"'))
    : part.replaceAll(/[*?]|[^*?]+/g, (piece) => (piece === '*' ? '.*' : piece === '?' ? '.' : escaped(piece)));
  return new RegExp(`^${source}$`, 'su');
}

function invalid(location: string, fault: string): AppError {
  return new AppError('CONFIG_INVALID', `${location} ${fault}.`, { hint: FORM });
}
