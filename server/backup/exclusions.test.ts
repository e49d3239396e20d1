import { describe, expect, test } from 'bun:test';
import { join } from 'node:path';
import { AppError } from '../core/errors.ts';
import { type Exclusion, parseExclusions, readExclusions } from './exclusions.ts';

const one = (line: string): Exclusion => {
  const [only, ...more] = parseExclusions(line, 'exclude.txt');
  if (!only || more.length > 0) throw new Error('one line gives one exclusion');
  return only;
};

describe('parseExclusions()', () => {
  test('passes over comments, empty lines, a byte order mark and Windows line ends, and keeps line numbers', () => {
    const lines = parseExclusions(
      '\uFEFF# why\r\n\r\n  audit = too large \r\nlarge objects = made again',
      'exclude.txt',
    );
    expect(lines.map(({ location, pattern, what, reason }) => [location, pattern, what, reason])).toEqual([
      ['exclude.txt:3', 'audit', 'tables', 'too large'],
      ['exclude.txt:4', 'large objects', 'large objects', 'made again'],
    ]);
  });

  const matching: [pattern: string, schema: string, name: string, fits: boolean][] = [
    ['audit', 'public', 'audit', true],
    ['audit', 'shop', 'audit', false],
    ['audit', 'public', 'audits', false],
    ['Audit', 'public', 'audit', false],
    ['shop.*', 'shop', 'any thing', true],
    ['shop.*', 'shop2', 'any', false],
    ['*.log_?', 'x', 'log_1', true],
    ['*.log_?', 'x', 'log_12', false],
    ['a+b', 'public', 'a+b', true],
    ['a+b', 'public', 'aab', false],
    ['"a.b".c', 'a.b', 'c', true],
    ['"wi""th * and = in"', 'public', 'wi"th * and = in', true],
    ['"wi""th * and = in"', 'public', 'wi"th X and = in', false],
    ['public.*', 'public', 'line\nbreak', true],
    ['*', 'public', '𝄞', true],
    ['?', 'public', '𝄞', true],
    ['rows of audit', 'public', 'audit', true],
    ['sequence s_*', 'public', 's_1', true],
    ['table sequence', 'public', 'sequence', true],
    ['sequence', 'public', 'sequence', true],
  ];
  for (const [pattern, schema, name, fits] of matching)
    test(`\`${pattern}\` ${fits ? 'fits' : 'does not fit'} ${JSON.stringify(name)} of ${schema}`, () => {
      expect(one(`${pattern} = a reason`).matches({ schema, name })).toBe(fits);
    });

  test('tells tables, rows, sequences and large objects apart', () => {
    expect(
      ['a = r', 'table a = r', 'rows of a = r', 'sequence a = r', 'Large Objects = r', 'sequence = r'].map(
        (line) => one(line).what,
      ),
    ).toEqual(['tables', 'tables', 'rows', 'sequences', 'large objects', 'tables']);
    expect(one('a = b = c').reason).toBe('b = c');
  });

  for (const [line, fault] of [
    ['audit', 'has no `= reason`'],
    ['"audit = x', 'has no `= reason`'],
    ['= reason', 'has no pattern'],
    ['audit =', 'gives no reason'],
    ['a.b.c = reason', 'which is no name'],
    ['two words = reason', 'which is no name'],
    ['audit = bell\u0007', 'control character'],
    [`audit = ${'x'.repeat(501)}`, 'more than 500'],
  ] as const)
    test(`refuses ${JSON.stringify(line.slice(0, 20))} with the number of its line`, () => {
      try {
        parseExclusions(`# first\n${line}`, 'exclude.txt');
        expect.unreachable();
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        expect([error.code, error.message.slice(0, 14)]).toEqual(['CONFIG_INVALID', 'exclude.txt:2 ']);
        expect(error.message).toContain(fault);
        expect(error.hint).toContain('pattern = reason');
      }
    });
});

test('readExclusions() gives none without the setting, and says which file cannot be read', async () => {
  expect(await readExclusions(null)).toEqual([]);
  const missing = join(import.meta.dir, 'no-such-file.txt');
  expect(await readExclusions(missing).catch((error: unknown) => error)).toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining(missing),
  });
});
