import { close, open, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { AppError, cancelled, throwIfCancelled } from '../../server/core/errors.ts';
import { printable } from './format.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const readFile = promisify(read);
const writeFile = promisify(write);

export interface Confirmation {
  /** What must be typed: the name of what is about to change or go. */
  name: string;
  /** What has this name, and what becomes of it. */
  question: { what: string; becomes: string; work: string; unchanged: string };
  /** What is about to happen, for the person to read first. */
  warning: string[];
  /** Where to look when another name was meant. */
  otherwise: string;
  signal: AbortSignal;
}

/**
 * Asks for a name on the process's terminal, whatever stdin and stdout are redirected to. Resolves when it was typed; throws USAGE when
 * there is no terminal to ask on, CANCELLED when anything else was typed. Never asks twice.
 */
export async function confirmName({ name, question, warning, otherwise, signal }: Confirmation): Promise<void> {
  const { what, becomes, work, unchanged } = question;
  let terminal: number;
  try {
    terminal = await openFile('/dev/tty', 'r+');
  } catch (cause) {
    throw new AppError('USAGE', `There is no terminal to ask whether ${printable(name)} may be ${becomes}.`, {
      hint: 'Add --yes when that is meant.',
      cause,
    });
  }
  try {
    const asked = `Type the name of ${what} (${printable(name)}) to go on: `;
    await writeFile(terminal, `${[...warning, asked].map(printable).join('\n')}`);
    const answer = await lineFrom(terminal, work, signal);
    if (answer?.trim() === name) return;
    throw new AppError('CANCELLED', `That is not the name of ${what}. ${unchanged}`, {
      hint: `Run it again and type ${printable(name)}, or ${otherwise}`,
    });
  } finally {
    // Closing waits for a read under way; the process must be able to end while nobody types.
    if (!signal.aborted) await closeFile(terminal);
  }
}

/** One line as typed, null at the end of input. */
async function lineFrom(terminal: number, work: string, signal: AbortSignal): Promise<string | null> {
  // Ctrl-C may have come as soon as the question was to be seen.
  throwIfCancelled(signal, work);
  const aborted = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(cancelled(work)), { once: true });
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
