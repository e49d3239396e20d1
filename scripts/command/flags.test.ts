import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { AppError } from '../../server/core/errors.ts';
import { type Flags, parseFlags } from './flags.ts';

const flags = {
  output: { kind: 'text', short: 'o', value: 'DIR', help: '' },
  tables: { kind: 'list', value: 'a,b', help: '' },
  compression: { kind: 'choice', choices: ['deflate', 'zstd'], help: '' },
  jobs: { kind: 'number', value: 'N', min: 1, max: 64, help: '' },
  strict: { kind: 'switch', help: '' },
  yes: { kind: 'switch', short: 'y', help: '' },
} as const satisfies Flags;

const file = { value: 'FILE|NAME', help: 'a backup' };
const parse = (...argv: string[]) => parseFlags(argv, flags, null, 'backup');

function refusal(...argv: string[]): AppError {
  try {
    parse(...argv);
  } catch (error) {
    if (error instanceof AppError) return error;
  }
  throw new Error(`${argv.join(' ')} was accepted`);
}

describe('parseFlags()', () => {
  test('reads every kind, long and short, with and without =', () => {
    const { values } = parse(
      '-o',
      'some dir',
      '--tables=a,b',
      '--tables',
      'b, c',
      '--compression',
      'zstd',
      '--jobs=4',
      '-y',
    );
    expect(values).toEqual({
      output: 'some dir',
      tables: ['a', 'b', 'c'],
      compression: 'zstd',
      jobs: 4,
      strict: false,
      yes: true,
    });
  });

  test('reads lengths of time, and a flag that may stand alone takes none but its own', () => {
    const timed = {
      age: { kind: 'duration', value: '26h', help: '' },
      wait: { kind: 'duration', value: '30m', optional: true, help: '' },
    } as const satisfies Flags;
    const read = (...argv: string[]) => parseFlags(argv, timed, file, 'restore');
    expect(read('a.zip').values).toEqual({ wait: false } as ReturnType<typeof read>['values']);
    expect(read('--age', '26h', 'a.zip', '--wait').values).toEqual({ age: 93_600_000, wait: true });
    expect(read('--wait', 'a.zip')).toMatchObject({ values: { wait: true }, positional: 'a.zip' });
    for (const words of [['--wait', '90s'], ['--wait=90s']])
      expect(read(...words, 'a.zip')).toMatchObject({ values: { wait: 90_000 }, positional: 'a.zip' });
    expect(read('--age=2d', 'a.zip', '--wait=1m').values).toEqual({ age: 172_800_000, wait: 60_000 });
    for (const bad of ['30', '0m', '1.5h', '5w', '99999999d', ''])
      expect(() => read(`--wait=${bad}`, 'a.zip')).toThrow('a length of time like 90s, 30m, 26h or 2d');
    expect(() => read('--wait', '30', 'a.zip')).toThrow('--wait must be a length of time');
    expect(() => read('--age', 'x', 'a.zip')).toThrow('--age must be a length of time');
    expect(() => read('--wait', '--wait', 'a.zip')).toThrow('given twice');
  });

  test('leaves out what was not given', () => {
    expect(parse().values).toEqual({ strict: false, yes: false } as ReturnType<typeof parse>['values']);
  });

  test('names the flags there are for one that does not exist', () => {
    for (const name of Object.keys(flags)) expect(refusal('--compresion', 'zstd').hint).toContain(`--${name}`);
    expect(refusal('--frobnicate').message).toContain('--frobnicate');
    expect(refusal('-x').message).toContain('-x');
  });

  test('does not take names of Object for flags', () => {
    expect(refusal('--constructor').code).toBe('USAGE');
    expect(refusal('--__proto__').code).toBe('USAGE');
  });

  test('refuses a missing value, also when another flag stands in its place', () => {
    expect(refusal('--output').message).toContain('--output needs a value: DIR');
    expect(refusal('--output=').message).toContain('needs a value');
    expect(refusal('--output', '--strict').message).toContain('--strict looks like another flag');
    expect(parse('--output=--strict').values.output).toBe('--strict');
  });

  test('refuses a value where none is taken, and one flag given twice', () => {
    expect(refusal('--strict=yes').message).toContain('takes no value');
    expect(refusal('--jobs', '1', '--jobs', '2').message).toContain('given twice');
  });

  test('refuses numbers that are none, or outside their range', () => {
    for (const bad of ['0', '65', '1.5', '1e1', '0x10', 'four', '99999999999999999999', '１'])
      expect(refusal(`--jobs=${bad}`).message).toContain('a whole number from 1 to 64');
  });

  test('names the choices', () => {
    expect(refusal('--compression', 'zst').message).toContain('deflate or zstd');
  });

  test('refuses an empty name in a list', () => {
    expect(refusal('--tables', 'a,,b').message).toContain('empty name');
  });

  test('takes one positional where one is wanted, and refuses any other', () => {
    expect(parseFlags(['a.zip', '-y'], flags, file, 'restore').positional).toBe('a.zip');
    expect(parseFlags(['--', '-y'], flags, file, 'restore').positional).toBe('-y');
    expect(() => parseFlags(['a.zip', 'b.zip'], flags, file, 'restore')).toThrow('"a.zip" and "b.zip"');
    expect(refusal('strict').hint).toContain('--strict');
  });

  test('answers any command line with values or USAGE, nothing else', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('--jobs', '--output=x', '-oy', '-yo', '--', '-', '--tables', '--no-strict'),
    );
    fc.assert(
      fc.property(fc.array(word), (argv) => {
        try {
          parseFlags(argv, flags, file, 'restore');
        } catch (error) {
          expect(error instanceof AppError && error.code).toBe('USAGE');
        }
      }),
    );
  });
});
