import { EXIT_CODES } from '../../server/process/exit-codes.ts';
import type { Flag, Flags, Positional } from './flags.ts';
import { formatColumns } from './format.ts';

/** The parts of a command that `--help` shows. */
export interface HelpSubject {
  name: string;
  summary: string;
  flags: Flags;
  positional: Positional | null;
  settings: { name: string; help: string }[];
  examples: { line: string; does: string }[];
  application: { name: string; version: string };
}

/** Returns the text of `--help`: usage, flags, environment, exit codes, examples, and the version. */
export function helpText(subject: HelpSubject): string {
  const { name, summary, positional, application } = subject;
  const sections: [string, string[]][] = [
    ['Usage', [`bun run scripts/${name}.ts${positional ? ` ${positional.value}` : ''} [flags]`]],
    ...(positional ? [[positional.value, [positional.help]] as [string, string[]]] : []),
    [
      'Flags',
      formatColumns(
        Object.entries(subject.flags).map(([flag, spec]) => [spelling(flag, spec), spec.help]),
        'll',
      ),
    ],
    ...section(
      'Environment (bun reads .env itself)',
      subject.settings.map((setting) => [setting.name, setting.help]),
    ),
    [
      'Exit codes',
      formatColumns(
        Object.entries(EXIT_CODES).map(([code, meaning]) => [code, meaning]),
        'rl',
      ),
    ],
    [
      'Examples',
      formatColumns(
        subject.examples.map((example) => [example.line, example.does]),
        'll',
      ),
    ],
  ];
  const body = sections.map(([title, lines]) => [`${title}:`, ...lines.map((line) => `  ${line}`)].join('\n'));
  return `${[summary, ...body, `${application.name} ${application.version}`].join('\n\n')}\n`;
}

/** Returns a section, or nothing when it has no rows. */
function section(title: string, rows: [string, string][]): [string, string[]][] {
  return rows.length === 0 ? [] : [[title, formatColumns(rows, 'll')]];
}

/** Returns a flag's spelling without its short form: `--jobs N`, `--wait [30m]`. */
export function spelled(name: string, flag: Flag): string {
  if (flag.kind === 'switch') return `--${name}`;
  if (flag.kind === 'choice') return `--${name} ${flag.choices.join('|')}`;
  return flag.kind === 'duration' && flag.optional ? `--${name} [${flag.value}]` : `--${name} ${flag.value}`;
}

function spelling(name: string, flag: Flag): string {
  return `${flag.short ? `-${flag.short}, ` : '    '}${spelled(name, flag)}`;
}
