import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { pino } from 'pino';
import { AppError } from '../../core/errors.ts';
import type { ProcessLog } from '../../core/log.ts';
import { scrub } from './scrub.ts';

export interface Logs {
  log: ProcessLog;
  /** Writes what is buffered. Later lines are lost without an error. Safe to call twice. */
  close(): Promise<void>;
}

export interface LogOptions {
  level: 'debug' | 'info' | 'warn' | 'error';
  /** Null: standard output. */
  file: string | null;
}

/** Destination of lines: a file, standard output, or what a test reads. */
interface Sink {
  write(line: string): unknown;
  close(): Promise<void>;
}

/**
 * Opens the log: one JSON object a line with time (ISO), level, facts and message, each passed through `scrub`, so that
 * no secret is written. A file rolls by pino-roll daily and at 20 MB, with 14 kept, readable by the owner alone. Throws
 * CONFIG_INVALID when it cannot be written; a log that fails later never stops the program.
 */
export async function openLogs(options: LogOptions): Promise<Logs> {
  return logsInto(options.file === null ? standardOutput() : await rollingFile(resolve(options.file)), options.level);
}

/** Opens the same log into any sink. */
export function logsInto(sink: Sink, level: LogOptions['level']): Logs {
  let closed: Promise<void> | null = null;
  const destination = {
    write(line: string) {
      if (closed === null) sink.write(scrub(line));
    },
  };
  const log = pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: describeError, err: describeError },
    },
    destination,
  );
  return { log, close: () => (closed ??= sink.close()) };
}

/**
 * Describes an error for the log. Of errors that are not ours only kind, code and stack frames are given, because the
 * message may hold a row or a password.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { kind: typeof error, ...codeIn(error) };
  const cause = error.cause === undefined ? {} : { cause: describeError(error.cause) };
  if (error instanceof AppError) {
    return { code: error.code, message: error.message, ...(error.details && { details: error.details }), ...cause };
  }
  const frames = (error.stack ?? '').split('\n').filter((line) => /^\s+at /.test(line));
  return { kind: error.name, ...codeIn(error), at: frames.slice(0, 12).map((line) => line.trim()), ...cause };
}

/** Returns the code of an error, also of a plain object, which some libraries throw in place of one. */
function codeIn(error: unknown): { code?: string } {
  if (typeof error !== 'object' || error === null || !('code' in error)) return {};
  return typeof error.code === 'string' && /^\w{1,40}$/.test(error.code) ? { code: error.code } : {};
}

function standardOutput(): Sink {
  const stream = pino.destination({ dest: 1, sync: false });
  // Nobody reads any more, so there is nowhere left to report it.
  stream.on('error', () => undefined);
  return {
    write: (line) => stream.write(line),
    async close() {
      try {
        stream.flushSync();
      } catch {
        // Same as above.
      }
    },
  };
}

async function rollingFile(file: string): Promise<Sink> {
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 });
    // It loads three hundred files, which a start without LOG_FILE does without.
    const { default: roll } = await import('pino-roll');
    const stream = await roll({
      file,
      frequency: 'daily',
      size: '20m',
      dateFormat: 'yyyy-MM-dd',
      limit: { count: 14, removeOtherLogFiles: true },
      mode: 0o600,
    });
    await once(stream, 'ready');
    let reported = false;
    stream.on('error', (error: Error) => {
      if (!reported)
        console.error('The log file cannot be written any more:', 'code' in error ? error.code : error.name);
      reported = true;
    });
    return {
      write: (line) => stream.write(line),
      async close() {
        const ended = Promise.race([once(stream, 'close'), once(stream, 'error')]).catch(() => undefined);
        stream.end();
        await ended;
      },
    };
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'refused';
    throw new AppError('CONFIG_INVALID', `LOG_FILE cannot be written: ${file} (${code}).`, {
      hint: 'Name a file in a folder this user may write to, or leave LOG_FILE out to log to standard output.',
      cause,
    });
  }
}
