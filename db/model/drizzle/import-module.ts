import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AppError } from '../../../server/core/errors.ts';

/** Imports a module, which runs its code. Throws CONFIG_INVALID that says why it does not load, and which imports are not installed. */
export async function importModule(file: string): Promise<Record<string, unknown>> {
  try {
    return { ...((await import(pathToFileURL(file).href)) as Record<string, unknown>) };
  } catch (cause) {
    throw (await missingImport(file, cause)) ?? notLoading(file, cause);
  }
}

async function missingImport(file: string, cause: unknown): Promise<AppError | null> {
  if (!(cause instanceof ResolveMessage)) return null;
  const referrer = cause.referrer || file;
  const missing = [...new Set([cause.specifier, ...(await unresolved(referrer))])].sort();
  const packages = [...new Set(missing.map(packageOf).filter((name) => PACKAGE.test(name)))];
  const paths = missing.filter((one) => !PACKAGE.test(packageOf(one)));
  const through = referrer === file ? '' : `, which ${file} imports`;
  return new AppError(
    'CONFIG_INVALID',
    `${referrer}${through} imports what is not there: ${missing.join(', ')}. Nothing is downloaded while a backup runs.`,
    {
      hint: [
        ...(packages.length > 0
          ? [
              `Install for that file what is a package: cd ${dirname(referrer)} && bun add ${packages.join(' ')}. A schema is best read where its application is installed.`,
            ]
          : []),
        ...(paths.length > 0 ? [`Correct ${paths.join(', ')} in that file, or the paths of its tsconfig.json.`] : []),
      ].join(' '),
      cause,
    },
  );
}

/** Returns every import of a file that does not resolve, not just the first: whoever installs wants to know them all. */
async function unresolved(file: string): Promise<string[]> {
  try {
    const text = await Bun.file(file).text();
    const loader = /x$/.test(file) ? 'tsx' : 'ts';
    return new Bun.Transpiler({ loader })
      .scanImports(text)
      .map((one) => one.path)
      .filter((path) => !resolves(path, dirname(file)));
  } catch {
    return [];
  }
}

function resolves(path: string, folder: string): boolean {
  try {
    Bun.resolveSync(path, folder);
    return true;
  } catch {
    return false;
  }
}

/** Names a registry can have: neither a path (`../x`, `@/x`, `#x`) nor a module of the runtime (`bun:x`). */
const PACKAGE = /^(@[a-z0-9][\w.-]*\/)?[a-z0-9][\w.-]*$/i;

/** Returns the package of a specifier: `@scope/name/part` → `@scope/name`. */
function packageOf(specifier: string): string {
  return specifier.split('/', specifier.startsWith('@') ? 2 : 1).join('/');
}

function notLoading(file: string, cause: unknown): AppError {
  const first: unknown = cause instanceof AggregateError ? (cause.errors[0] ?? cause) : cause;
  const line = first instanceof BuildMessage && first.position ? `line ${first.position.line}: ` : '';
  const reason = `${line}${first instanceof Error || first instanceof BuildMessage ? first.message : String(first)}`;
  return new AppError('CONFIG_INVALID', `The schema module ${file} does not load: ${reason.split('\n')[0] ?? ''}`, {
    hint: doesNotParse(cause)
      ? 'Correct the file: it, or one it imports, is not TypeScript or JavaScript that Bun can read.'
      : 'It must load by itself, and not need a running application; what it reads from the environment must be set.',
    cause,
  });
}

/** Returns true for syntax errors; several of one file arrive together. */
function doesNotParse(cause: unknown): boolean {
  const first: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  return first instanceof BuildMessage || first instanceof SyntaxError;
}
