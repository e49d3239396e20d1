import { parseArgs } from 'node:util';
import { AppError } from '../../server/core/errors.ts';

/** One flag of a command: its spelling, its value, and its description in `--help`. */
export type Flag = { short?: string; help: string } & (
  | { kind: 'switch' }
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: string; min: number; max: number }
  /** `a,b`; the lists of repeated flags are joined. */
  | { kind: 'list'; value: string }
  | { kind: 'choice'; choices: readonly string[] }
  /** `90s`, `30m`, `26h`, `2d`, in milliseconds. With `optional` the flag may have no value. */
  | { kind: 'duration'; value: string; optional?: true }
);

export type Flags = Record<string, Flag>;

/** Type of one flag's value. A switch always has one, as has a flag with an optional value; others may be undefined. */
export type FlagValue<F extends Flag> = F extends { kind: 'switch' }
  ? boolean
  : F extends { kind: 'duration'; optional: true }
    ? number | boolean
    : F extends { kind: 'number' | 'duration' }
      ? number | undefined
      : F extends { kind: 'list' }
        ? string[] | undefined
        : F extends { kind: 'choice'; choices: readonly (infer Choice)[] }
          ? Choice | undefined
          : string | undefined;

export type FlagValues<F extends Flags> = { [Name in keyof F]: FlagValue<F[Name]> };

/** The positional argument that a command requires. */
export interface Positional {
  value: string;
  help: string;
}

export interface ParsedFlags<F extends Flags> {
  values: FlagValues<F>;
  positional: string | undefined;
}

/** Parses a command line. Throws USAGE for anything that cannot be meant. */
export function parseFlags<F extends Flags>(
  argv: string[],
  flags: F,
  positional: Positional | null,
  command: string,
): ParsedFlags<F> {
  const hint = `Run \`bun run scripts/${command}.ts --help\` for what it takes.`;
  const usage = (message: string, more?: string) =>
    new AppError('USAGE', message, { hint: more ? `${more} ${hint}` : hint });
  const options = Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        type: standsAlone(flag) ? ('boolean' as const) : ('string' as const),
        ...(flag.short && { short: flag.short }),
      },
    ]),
  );
  // Not strict: the parser's own messages do not say what a value should look like.
  const { tokens } = parseArgs({ args: argv, options, strict: false, allowPositionals: true, tokens: true });

  const values: Record<string, unknown> = {};
  for (const [name, flag] of Object.entries(flags)) if (standsAlone(flag)) values[name] = false;
  const positionals: string[] = [];
  const taken = new Set<number>();
  for (const [index, token] of tokens.entries()) {
    if (token.kind === 'positional' && !taken.has(index)) positionals.push(token.value);
    if (token.kind !== 'option') continue;
    const flag = Object.hasOwn(flags, token.name) ? flags[token.name] : undefined;
    if (!flag) throw usage(`There is no flag ${token.rawName}.`, namesOf(flags));
    if (flag.kind === 'switch') {
      if (token.value !== undefined) throw usage(`${token.rawName} takes no value.`);
      values[token.name] = true;
      continue;
    }
    if (flag.kind === 'duration' && flag.optional) {
      const next = tokens[index + 1];
      // A word that looks like a duration belongs to the flag; any other is the positional argument.
      const word =
        token.value ?? (next?.kind === 'positional' && /^\d+[a-z]*$/i.test(next.value) ? next.value : undefined);
      if (token.value === undefined && word !== undefined) taken.add(index + 1);
      if (values[token.name] !== false) throw usage(`${token.rawName} was given twice.`);
      values[token.name] = word === undefined ? true : readValue(flag, word, token.rawName, usage, undefined);
      continue;
    }
    const wanted = flag.kind === 'choice' ? flag.choices.join(' or ') : flag.value;
    const value = token.value;
    if (value === undefined || value === '') throw usage(`${token.rawName} needs a value: ${wanted}.`);
    if (!token.inlineValue && value.startsWith('-') && value !== '-')
      throw usage(
        `${token.rawName} needs a value: ${wanted}. ${value} looks like another flag.`,
        `Write --${token.name}=${value} if it is meant.`,
      );
    if (values[token.name] !== undefined && flag.kind !== 'list') throw usage(`${token.rawName} was given twice.`);
    values[token.name] = readValue(flag, value, token.rawName, usage, values[token.name]);
  }
  if (!positional && positionals[0] !== undefined)
    throw usage(`This command takes no ${quoted(positionals[0])}.`, namesOf(flags));
  if (positional && !positionals[0]) throw usage(`This command needs ${positional.value}: ${positional.help}.`);
  if (positionals[1] !== undefined)
    throw usage(
      `This command takes one ${positional?.value}, and was given ${positionals.map(quoted).join(' and ')}.`,
      'Quote names that hold spaces.',
    );
  return { values: values as FlagValues<F>, positional: positionals[0] };
}

const UNIT_MS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function standsAlone(flag: Flag): boolean {
  return flag.kind === 'switch' || (flag.kind === 'duration' && flag.optional === true);
}

function readValue(
  flag: Exclude<Flag, { kind: 'switch' }>,
  value: string,
  rawName: string,
  usage: (message: string, more?: string) => AppError,
  before: unknown,
) {
  switch (flag.kind) {
    case 'text':
      return value;
    case 'choice': {
      if (flag.choices.includes(value)) return value;
      throw usage(`${rawName} must be ${flag.choices.join(' or ')}, not ${quoted(value)}.`);
    }
    case 'number': {
      const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
      if (number >= flag.min && number <= flag.max) return number;
      throw usage(`${rawName} must be a whole number from ${flag.min} to ${flag.max}, not ${quoted(value)}.`);
    }
    case 'duration': {
      const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(value) ?? [];
      const ms = Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
      if (ms > 0) return ms;
      throw usage(`${rawName} must be a length of time like 90s, 30m, 26h or 2d, not ${quoted(value)}.`);
    }
    case 'list': {
      const items = value.split(',').map((item) => item.trim());
      if (items.includes(''))
        throw usage(`${rawName} holds an empty name: ${quoted(value)}.`, 'Separate names with one comma.');
      return [...new Set([...(Array.isArray(before) ? before : []), ...items])];
    }
    default:
      throw new RangeError(`no such flag: ${flag satisfies never}`);
  }
}

function namesOf(flags: Flags): string {
  const names = Object.keys(flags).map((name) => `--${name}`);
  return names.length === 0 ? '' : `Its flags are ${names.join(', ')}.`;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 77)}…` : text);
}
