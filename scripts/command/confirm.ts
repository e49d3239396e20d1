import { close, open, read, write } from 'node:fs';
import { promisify } from 'node:util';
import { AppError, cancelled, throwIfCancelled } from '../../server/core/errors.ts';
import { printable } from './format.ts';

const openFile = promisify(open);
const closeFile = promisify(close);
const readFile = promisify(read);
const writeFile = promisify(write);

export interface Confirmation {
  /** Name that must be typed: that of the thing about to change or go. */
  name: string;
  /** Parts of the question: what has this name, what becomes of it, the work, and what stays if it is cancelled. */
  question: { what: string; becomes: string; work: string; unchanged: string };
  /** Lines to read first, about what will happen. */
  warning: string[];
  /** Advice for somebody who meant another name. */
  otherwise: string;
  signal: AbortSignal;
}

/**
 * Asks for a name on the process's terminal, wherever stdin and stdout are redirected, and resolves when it is typed. Throws USAGE without
 * a terminal, CANCELLED when anything else is typed. Never asks twice.
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
    // Closing waits for a pending read; the process must be able to end while nobody types.
    if (!signal.aborted) await closeFile(terminal);
  }
}

/** Reads one line as typed; null at the end of input. */
async function lineFrom(terminal: number, work: string, signal: AbortSignal): Promise<string | null> {
  // Ctrl-C may have come as soon as the question was visible.
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
