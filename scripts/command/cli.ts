import { namesDatabase, settingVariables } from '../../db/connect/address/environment.ts';
import { APPLICATION } from '../../server/core/application.ts';
import { AppError, cancelled, failureBody, unexpected } from '../../server/core/errors.ts';
import type { OnProgress } from '../../server/core/progress.ts';
import { secretsOf } from '../../server/process/config.ts';
import { type ExitCode, exitCodeOf } from '../../server/process/exit-codes.ts';
import { refuseFetching } from '../../server/process/no-fetching.ts';
import { type Flags, type FlagValues, type ParsedFlags, type Positional, parseFlags } from './flags.ts';
import { printable } from './format.ts';
import { helpText } from './help.ts';
import { createMask } from './mask.ts';
import { createOutput } from './output.ts';
import { createProgress } from './progress.ts';
import { errorText, jsonLine } from './report.ts';

/** The flags every command accepts. */
export const COMMON_FLAGS = {
  json: { kind: 'switch', help: 'one JSON object as the last line of stdout, and nothing else there' },
  verbose: { kind: 'switch', short: 'v', help: 'more detail, and the causes of errors (secrets masked)' },
  silent: { kind: 'switch', short: 's', help: 'nothing but what is wrong or missing, for cron' },
  help: { kind: 'switch', short: 'h', help: 'this text' },
} as const satisfies Flags;

export interface Command<F extends Flags> {
  /** The script's file name without `.ts`. */
  name: string;
  summary: string;
  flags: F;
  /** Positional argument, if the command requires one. */
  positional?: Positional;
  /** Settings it reads, for `--help`. */
  settings: { name: string; help: string }[];
  examples: { line: string; does: string }[];
  /** True when the output is all the command is for: with --silent nobody would see it, unless --json asks for it. */
  onlySays?: true;
  /** Runs the command and resolves with its output; throws every failure. */
  run(context: CommandContext<F>): Promise<Outcome>;
}

export interface CommandContext<F extends Flags> {
  values: FlagValues<F>;
  /** The positional argument; empty for a command that takes none. */
  positional: string;
  env: Record<string, string | undefined>;
  /** Aborts at the first Ctrl-C or SIGTERM. */
  signal: AbortSignal;
  onProgress: OnProgress;
  /** Prints a line for people on stderr, except with --silent. */
  note(line: string): void;
  /** Prints a line for people on stderr with --verbose, secrets masked. */
  detail(line: string): void;
}

export interface Outcome {
  /** The result that `--json` prints under `data`. */
  data: object;
  /** The result for people, on stdout. */
  lines: string[];
  warnings?: string[];
  /** Warnings that are printed with --silent, too: what is wrong or missing. All when absent. */
  wrong?: string[];
  /** 0 when absent. */
  exitCode?: ExitCode;
}

/** The parts of its process a command uses; `runCommand` defaults to the real ones. */
interface ProcessParts {
  argv: string[];
  env: Record<string, string | undefined>;
  now: () => Date;
}

/**
 * Runs a command from its flags to its exit code, and ends the process. Failures, `--json`, progress, Ctrl-C and broken pipes are handled
 * alike for every command. Never exits before clean-up is done.
 */
export async function runCommand<F extends Flags>(
  command: Command<F>,
  parts: ProcessParts = { argv: process.argv.slice(2), env: process.env, now: () => new Date() },
): Promise<never> {
  const { argv, env, now } = parts;
  const out = createOutput(process.stdout);
  const err = createOutput(process.stderr);
  const leave = async (code: number): Promise<never> => {
    await Promise.all([out.flush(), err.flush()]);
    process.exit(code);
  };

  // Read from the raw words too: even an invalid command line must be answered in the requested format.
  const flagWords = argv.includes('--') ? argv.slice(0, argv.indexOf('--')) : argv;
  const asked = {
    json: flagWords.includes('--json'),
    verbose: flagWords.some((word) => word === '--verbose' || word === '-v'),
  };
  const help = (): Promise<never> => {
    out.write(helpOf(command));
    return leave(0);
  };
  if (flagWords.some((word) => word === '--help' || word === '-h')) return help();
  const mask = createMask([...secretsOf(env), ...argv]);
  const fail = async (error: unknown): Promise<never> => {
    const known = error instanceof AppError ? error : unexpected(error);
    err.write(errorText(known, asked.verbose ? mask : null));
    if (asked.json) out.write(jsonLine(failureBody(known, now(), 'here')));
    return leave(exitCodeOf(known.code));
  };

  let parsed: ParsedFlags<F & typeof COMMON_FLAGS>;
  try {
    parsed = readCommandLine(command, argv);
  } catch (error) {
    return fail(error);
  }
  const common: FlagValues<typeof COMMON_FLAGS> = parsed.values;
  if (common.help) return help();
  Object.assign(asked, { json: common.json, verbose: common.verbose });
  if (command.onlySays && common.silent && !common.json)
    return fail(
      new AppError('USAGE', 'With --silent nobody would see what this command prints. Nothing was done.', {
        hint: 'Leave --silent out, or add --json.',
      }),
    );

  const display = createProgress({
    write: err.write,
    style: err.isTerminal && env.TERM !== 'dumb' ? 'line' : 'plain',
    columns: err.columns,
    now,
  });
  const toPeople = (line: string) => {
    display.clear();
    err.write(`${line}\n`);
  };
  const { controller, strays } = cancelOnSignal(toPeople);
  const ticking = common.silent ? null : setInterval(display.tick, 250);
  let exitCode: ExitCode = 0;
  try {
    await refuseFetching({ cwd: process.cwd(), execArgv: process.execArgv, env });
    const outcome = await command.run({
      values: parsed.values,
      positional: parsed.positional ?? '',
      env,
      signal: controller.signal,
      onProgress: common.silent ? () => undefined : display.onProgress,
      note: (line) => !common.silent && toPeople(line),
      detail: (line) => common.verbose && !common.silent && toPeople(mask(line)),
    });
    clearInterval(ticking ?? undefined);
    display.clear();
    exitCode = outcome.exitCode ?? 0;
    if (controller.signal.aborted && strays.length === 0)
      toPeople('Too late to cancel: it was done already, and stays done.');
    const told = (common.silent ? outcome.wrong : null) ?? outcome.warnings ?? [];
    for (const warning of told) toPeople(`warning: ${printable(warning)}`);
    if (common.json) out.write(jsonLine({ success: true, data: outcome.data, timestamp: now().toISOString() }));
    else if (!common.silent) out.write(outcome.lines.map((line) => `${line}\n`).join(''));
  } catch (error) {
    clearInterval(ticking ?? undefined);
    display.clear();
    if (strays.length > 0) return fail(strays[0]);
    // The error of a cancelled wait depends on what it waited for; an AppError says what really happened.
    const known = controller.signal.aborted && !(error instanceof AppError) ? cancelled('The command') : error;
    return fail(saidOfAddress(known, addressOf(parsed.values, env)));
  }
  if (strays.length > 0) toPeople(`warning: it is done, but something else failed: ${mask(String(strays[0]))}`);
  return leave(exitCode);
}

/** Returns the text of a command's `--help`. */
export function helpOf<F extends Flags>(command: Command<F>): string {
  const flags = { ...command.flags, ...COMMON_FLAGS };
  return helpText({ ...command, flags, positional: command.positional ?? null, application: APPLICATION });
}

/** Parses a command line, including the flags every command accepts. Throws USAGE. */
export function readCommandLine<F extends Flags>(
  command: Command<F>,
  argv: string[],
): ParsedFlags<F & typeof COMMON_FLAGS> {
  const flags = { ...command.flags, ...COMMON_FLAGS };
  return parseFlags<F & typeof COMMON_FLAGS>(argv, flags, command.positional ?? null, command.name);
}

/** Returns where the database's address comes from, for people: the flag, the setting, or what replaces it. */
function addressOf(values: Readonly<Record<string, unknown>>, env: Record<string, string | undefined>): string {
  if (values.into !== undefined) return '--into';
  if (values.demo === true) return 'DATABASE_URL';
  for (const name of ['DATABASE_DIRECT_URL', 'DATABASE_URL']) {
    if (env[name]?.trim()) return name;
    if (env[`${name}_FILE`]?.trim()) return `the file of ${name}_FILE`;
  }
  return namesDatabase(env) ? `the variables (${settingVariables(env).join(', ')})` : 'DATABASE_URL';
}

/** Rewrites a connection failure that names DATABASE_URL when the address came from elsewhere. */
function saidOfAddress(error: unknown, address: string): unknown {
  if (!(error instanceof AppError) || (error.code === 'CONFIG_INVALID' && address !== '--into')) return error;
  const said = (text: string) => text.replaceAll(/\bDATABASE_URL\b/g, address);
  return new AppError(error.code, said(error.message), {
    ...(error.hint !== undefined && { hint: said(error.hint) }),
    ...(error.details && { details: error.details }),
    cause: error.cause,
  });
}

/**
 * Returns a controller that aborts at the first SIGINT, SIGTERM or SIGHUP; later ones only report that the clean-up goes on. Also aborts on
 * an uncaught error and keeps it in `strays`: by default the process would end without clean-up.
 */
function cancelOnSignal(say: (line: string) => void): { controller: AbortController; strays: unknown[] } {
  const controller = new AbortController();
  const strays: unknown[] = [];
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(name, () => {
      if (controller.signal.aborted) return say('Still cleaning up: what was begun is being undone.');
      say('Cancelling: cleaning up first.');
      controller.abort(cancelled('The operation'));
    });
  }
  for (const name of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(name, (error: unknown) => {
      strays.push(error);
      controller.abort(unexpected(error));
    });
  }
  return { controller, strays };
}
