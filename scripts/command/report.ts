import type { AppError } from '../../server/core/errors.ts';
import { printable, printableJson } from './format.ts';

/** Formats an error: what and where, and what to do. With a mask also the causes, which may hold anything and are masked. */
export function errorText(error: AppError, mask: ((text: string) => string) | null): string {
  const [first, ...others] = error.message.split('\n').map(printable);
  const lines = [`error: ${first} [${error.code}]`, ...others.map((line) => `  ${line}`)];
  if (error.hint)
    lines.push(
      ...error.hint.split('\n').map((line, index) => `  ${index === 0 ? 'hint: ' : '      '}${printable(line)}`),
    );
  if (mask) {
    const more = error.details ? [`details: ${JSON.stringify(error.details)}`] : [];
    for (let cause: unknown = error.cause, depth = 0; cause !== undefined && depth < 5; depth++) {
      more.push(`caused by: ${cause instanceof Error ? (cause.stack ?? String(cause)) : String(cause)}`);
      cause = cause instanceof Error ? cause.cause : undefined;
    }
    if (error.stack) more.push(`thrown${error.stack.slice(error.stack.indexOf('\n'))}`);
    lines.push(...more.flatMap((text) => mask(text).split('\n')).map((line) => `  ${printable(line)}`));
  }
  return `${lines.join('\n')}\n`;
}

/** Returns one line of JSON, safe to print on a terminal. */
export function jsonLine(value: object): string {
  return `${printableJson(JSON.stringify(value))}\n`;
}
