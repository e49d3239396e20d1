import type { AppError } from '../server/errors.ts';
import { printable } from './format.ts';

/** What and where, what to do; with a mask also the causes, which may hold anything and pass through it. */
export function errorText(error: AppError, mask: ((text: string) => string) | null): string {
  const [first, ...others] = error.message.split('\n').map(printable);
  const lines = [`error: ${first} [${error.code}]`, ...others.map((line) => `  ${line}`)];
  if (error.hint) lines.push(...error.hint.split('\n').map((line, index) => `  ${index === 0 ? 'hint: ' : '      '}${printable(line)}`));
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

/** One line of JSON; marks a terminal could obey are written as escapes. */
export function jsonLine(value: object): string {
  return `${JSON.stringify(value).replace(/[\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/g, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
