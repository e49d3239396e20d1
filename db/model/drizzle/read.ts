import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { AppError, type ErrorCode } from '../../../server/core/errors.ts';
import { type Declared, isConfigName, type SchemaSource } from './declared.ts';

export type SchemaAnswer =
  | { kind: 'read'; declared: Declared }
  | { kind: 'failed'; code: ErrorCode | null; message: string; hint: string | null };

const PROGRAM = join(import.meta.dir, 'read-process.ts');
/** Our own configuration, whatever the application's folder holds: it switches automatic installs off. */
const BUNFIG = join(import.meta.dir, '../../../bunfig.toml');
const LIMIT_MS = 60_000;

/**
 * Reads what an application's Drizzle modules declare, in a separate process that never downloads anything. Throws what `readDeclared`
 * throws, and CONFIG_INVALID when the modules do not finish in time.
 */
export async function readSchema(
  source: SchemaSource,
  { signal, limitMs = LIMIT_MS }: { signal?: AbortSignal | undefined; limitMs?: number } = {},
): Promise<Declared> {
  signal?.throwIfAborted();
  const answered = Promise.withResolvers<SchemaAnswer>();
  const child = Bun.spawn([process.execPath, '--no-install', `--config=${BUNFIG}`, PROGRAM], {
    cwd: startFolder(source),
    stdio: ['ignore', 'ignore', 'ignore'],
    serialization: 'advanced',
    ipc: (answer: SchemaAnswer) => answered.resolve(answer),
  });
  const stop = () => answered.reject(signal?.reason);
  signal?.addEventListener('abort', stop, { once: true });
  const late = setTimeout(() => answered.reject(tooLate(source.path, limitMs)), limitMs);
  void child.exited.then((code) => answered.reject(ended(source.path, child.signalCode ?? code)));
  try {
    child.send(source);
    return declaredOf(await answered.promise);
  } finally {
    clearTimeout(late);
    signal?.removeEventListener('abort', stop);
    child.kill('SIGKILL');
    await child.exited;
  }
}

/** Returns the configuration's own folder, where drizzle-kit starts: `.env` and relative paths are read from there. */
function startFolder({ path, cwd }: SchemaSource): string {
  const file = resolve(cwd, path);
  return isConfigName(file) && existsSync(file) ? dirname(file) : cwd;
}

function declaredOf(answer: SchemaAnswer): Declared {
  if (answer.kind === 'read') return answer.declared;
  const { code, message, hint } = answer;
  if (code !== null) throw new AppError(code, message, hint === null ? {} : { hint });
  throw new AppError('CONFIG_INVALID', `The schema cannot be read: ${message.split('\n')[0] ?? ''}`, {
    hint: 'Look at what BACKUP_SCHEMA names: something in it is not what drizzle-orm and drizzle-kit make.',
  });
}

function tooLate(path: string, limitMs: number): AppError {
  return new AppError(
    'CONFIG_INVALID',
    `${path} did not finish loading within ${Math.round(limitMs / 1000)} seconds.`,
    {
      hint: 'Its modules must only declare tables: look for an await at the top level, such as one for a connection.',
    },
  );
}

function ended(path: string, how: string | number): AppError {
  if (typeof how === 'string')
    return new AppError('CONFIG_INVALID', `The process that read ${path} was ended by ${how}.`, {
      hint:
        how === 'SIGKILL'
          ? 'Somebody ended it, or the machine ran short of memory. Try again.'
          : 'Its modules must only declare tables: what they load or open may have crashed it.',
    });
  return new AppError('CONFIG_INVALID', `${path} ended the process it was read in (exit code ${how}).`, {
    hint: 'Its modules must only declare tables, and not exit. What they read from the environment must be set.',
  });
}
