/**
 * Reads an application's schema in a process of its own, which `read.ts` starts without Bun's automatic installs, and ends. Modules may
 * open connections, print, exit or hang while they load, without effect on anything else.
 */
import { AppError } from '../../../server/core/errors.ts';
import { readDeclared, type SchemaSource } from './declared.ts';
import type { SchemaAnswer } from './read.ts';

async function answer(source: SchemaSource): Promise<SchemaAnswer> {
  try {
    return { kind: 'read', declared: await readDeclared(source, process.env) };
  } catch (error) {
    const known = error instanceof AppError ? error : null;
    const message = withoutSecrets(known?.message ?? String(error), process.env);
    return { kind: 'failed', message, code: known?.code ?? null, hint: known?.hint ?? null };
  }
}

const SECRET = /pass|pwd|secret|token|key|auth|credential|url|uri|dsn|connection/i;

/** Removes secrets from a module's error message, which may repeat an address or a password it was given. */
function withoutSecrets(text: string, env: Readonly<Record<string, string | undefined>>): string {
  const values = Object.entries(env).flatMap(([name, value]) =>
    SECRET.test(name) && value !== undefined && value.length >= 4 && !value.startsWith('/') ? [value] : [],
  );
  const masked = values
    .toSorted((a, b) => b.length - a.length)
    .reduce((said, value) => said.replaceAll(value, '***'), text);
  return masked.replace(/\b([a-z][a-z0-9+.-]{0,20}:\/\/)[^\s"']{0,1000}@/gi, '$1***@');
}

function main(): void {
  const exit = process.exit.bind(process);
  const tell = process.send?.bind(process);
  process.on('disconnect', () => exit(1));
  process.once('message', async (source: SchemaSource) => {
    tell?.(await answer(source));
  });
}

if (import.meta.main) main();
