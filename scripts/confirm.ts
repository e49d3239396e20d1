import { close, open, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { AppError, cancelled, throwIfCancelled } from '../server/errors.ts';
import { printable } from './format.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const readFile = promisify(read);
const writeFile = promisify(write);

export interface Confirmation {
  /** What must be typed: the name of the database that is about to change. */
  database: string;
  /** What is about to happen, for the person to read first. */
  warning: string[];
  signal: AbortSignal;
}

/**
 * Asks for the database's name on the process's terminal, whatever stdin and stdout are redirected to. Resolves when it was typed;
 * throws USAGE when there is no terminal to ask on, CANCELLED when anything else was typed. Never asks twice.
 */
export async function confirmDatabaseName({ database, warning, signal }: Confirmation): Promise<void> {
  let terminal: number;
  try {
    terminal = await openFile('/dev/tty', 'r+');
  } catch (cause) {
    throw new AppError('USAGE', `There is no terminal to ask whether ${printable(database)} may be overwritten.`, {
      hint: 'Add --yes when that is meant.',
      cause,
    });
  }
  try {
    const question = `Type the name of the database (${printable(database)}) to go on: `;
    await writeFile(terminal, `${[...warning, question].map(printable).join('\n')}`);
    const answer = await lineFrom(terminal, signal);
    if (answer?.trim() === database) return;
    throw new AppError('CANCELLED', 'That is not the name of the database. Nothing was changed.', {
      hint: `Run it again and type ${printable(database)}, or look at --into when another database is meant.`,
    });
  } finally {
    // Closing waits for a read under way; the process must be able to end while nobody types.
    if (!signal.aborted) await closeFile(terminal);
  }
}

/** One line as typed, null at the end of input. */
async function lineFrom(terminal: number, signal: AbortSignal): Promise<string | null> {
  // Ctrl-C may have come as soon as the question was to be seen.
  throwIfCancelled(signal, 'The restore');
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled('The restore')), { once: true });
  });
  const buffer = Buffer.alloc(4096);
  let typed = '';
  while (!typed.includes('\n')) {
    const { bytesRead } = await Promise.race([readFile(terminal, buffer, 0, buffer.length, null), aborted]);
    if (bytesRead === 0) return typed === '' ? null : typed;
    typed += buffer.toString('utf8', 0, bytesRead);
  }
  return typed.slice(0, typed.indexOf('\n'));
}
