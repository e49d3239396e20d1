import { APPLICATION } from '../core/application.ts';
import { AppError } from '../core/errors.ts';
import { exitCodeOf } from './exit-codes.ts';
import { refuseFetching } from './no-fetching.ts';

/** What a program that takes no arguments says of itself at `--help`. */
export interface RootHelp {
  /** Words that start it. */
  line: string;
  does: string;
}

/**
 * Runs a main function and exits: with 0, or with the error's exit code after printing message, hint and code to
 * stderr. Prints the help at `--help`, and refuses every other argument.
 */
export async function runRoot(
  help: RootHelp,
  root: () => Promise<void>,
  { argv, env }: { argv: readonly string[]; env: Record<string, string | undefined> },
): Promise<never> {
  try {
    if (argv.some((word) => word === '--help' || word === '-h')) {
      console.log(rootHelp(help));
      process.exit(0);
    }
    // An argument that is no flag, or a flag's value, may be an address with its password.
    const flag = argv.find((word) => word.startsWith('-'))?.split('=')[0];
    if (argv.length > 0)
      throw new AppError(
        'USAGE',
        `\`${help.line}\` takes no arguments${flag === undefined ? '' : `, and ${flag} is not known`}. Nothing was started.`,
        {
          hint: `Settings come from the environment or the file .env: .env.example lists them. \`${help.line} --help\` says more.`,
        },
      );
    await refuseFetching({ cwd: process.cwd(), execArgv: process.execArgv, env });
    await root();
    process.exit(0);
  } catch (error) {
    const known = error instanceof AppError ? error : null;
    console.error(known ? `error: ${known.message} [${known.code}]${known.hint ? `\n  ${known.hint}` : ''}` : error);
    process.exit(exitCodeOf(known?.code ?? 'UNEXPECTED'));
  }
}

function rootHelp({ line, does }: RootHelp): string {
  return [
    does,
    '',
    'Usage:',
    `  ${line}`,
    '',
    'It takes no flags: its settings come from the environment or the file .env. README.md says what they mean, under “Settings”,',
    'and .env.example lists them: DATABASE_URL, BACKUP_DIR, PORT, HOST and others. SIGTERM, SIGHUP or Ctrl-C stops it.',
    '',
    `${APPLICATION.name} ${APPLICATION.version}`,
  ].join('\n');
}
