import { readFileSync } from 'node:fs';
import { AppError } from '../../../server/core/errors.ts';
import type { Conninfo } from './conninfo.ts';
import { parameterFault } from './vocabulary.ts';

/**
 * Returns the parameters of a named service from the first file that has it, skipping files that do not exist. Throws CONFIG_INVALID when
 * no file has the service or a file is malformed; names the line, never its content.
 */
export function readService(name: string, files: readonly string[]): Conninfo {
  for (const file of files) {
    let text: string;
    try {
      text = readFileSync(file, 'utf8');
    } catch {
      continue;
    }
    const found = serviceIn(text, name, file);
    if (found !== null) return found;
  }
  throw invalid(`The connection service "${name}" is in none of: ${files.join(', ')}.`, NOT_FOUND);
}

function serviceIn(text: string, name: string, file: string): Conninfo | null {
  let found: Conninfo | null = null;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.trim();
    if (line === '' || line.startsWith('#')) continue;
    if (line.startsWith('[')) {
      if (found !== null) return found;
      if (line === `[${name}]`) found = new Map();
      continue;
    }
    if (found === null) continue;
    const where = `Line ${index + 1} of the service file ${file}`;
    const at = line.indexOf('=');
    if (at < 1) throw invalid(`${where} is not keyword=value.`);
    const keyword = line.slice(0, at);
    const value = line.slice(at + 1);
    if (keyword === 'service' || keyword === 'servicefile') throw invalid(`${where} names a service within a service.`);
    const fault = parameterFault(keyword, value);
    if (fault !== null) throw invalid(`${where} ${fault}.`);
    // The first of two lines counts, as in psql.
    if (!found.has(keyword)) found.set(keyword, value);
  }
  return found;
}

const NOT_FOUND =
  'Add the service to one of them, correct its name in DATABASE_URL or PGSERVICE, or the paths in PGSERVICEFILE and PGSYSCONFDIR.';

function invalid(message: string, hint = 'Correct that line.'): AppError {
  return new AppError('CONFIG_INVALID', message, { hint });
}
