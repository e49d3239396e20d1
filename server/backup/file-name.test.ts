import { describe, expect, test } from 'bun:test';
import { AppError } from '../core/errors.ts';
import { archiveName, checkChosenName, documentName, type WrittenFormat } from './file-name.ts';

const OTHERWISE = 'the other way.';
const fileNames = { archive: (name: string) => archiveName(name, new Date(0), ''), document: documentName };

/** Returns the refusal of a name, or null when it is accepted. */
function refusalOf(name: string, format: WrittenFormat): AppError | null {
  try {
    checkChosenName(name, format, OTHERWISE);
    return null;
  } catch (error) {
    if (error instanceof AppError) return error;
    throw error;
  }
}

const STEMS = ['w', 'payroll.2026', 'before-fix', 'a.', 'w'.repeat(190)];
const ENDINGS = [
  '.zip',
  '.json',
  '.json.gz',
  '.gz',
  '.zip.age',
  '.age',
  '.tar',
  '.tar.gz',
  '.sql',
  '.dump',
  '.csv',
  '.7z',
  '.zst',
];

describe.each(['archive', 'document'] as const)('a name chosen for an %s', (format) => {
  const own = format === 'archive' ? '.zip' : '.json';

  test('may be plain or bear its own ending, in any letters, which the file has once', () => {
    for (const stem of STEMS)
      for (const ending of ['', own, own.toUpperCase()]) {
        expect([stem + ending, refusalOf(stem + ending, format)]).toEqual([stem + ending, null]);
        expect(fileNames[format](stem + ending)).toBe(stem + own);
      }
  });

  test('is refused with any other ending, and the hint followed word for word gives the file it says', () => {
    for (const stem of STEMS)
      for (const ending of ENDINGS.flatMap((each) => [each, each.toUpperCase()])) {
        if (ending.toLowerCase() === own) continue;
        const refusal = refusalOf(stem + ending, format);
        expect([stem + ending, refusal?.code]).toEqual([stem + ending, 'NAME_INVALID']);
        const [, name = '', file] =
          /^Call it (\S+), which makes (\S+); the other way\.$/.exec(refusal?.hint ?? '') ?? [];
        expect([name, refusalOf(name, format)]).toEqual([stem, null]);
        expect(fileNames[format](name)).toBe(file ?? '');
      }
  });

  test('is refused for what it holds before its ending is looked at, and a hint never names an impossible file', () => {
    for (const name of ['../up.csv', '-rf.csv', '.csv', 'a b.csv'])
      expect([name, refusalOf(name, format)?.hint]).toEqual([name, expect.not.stringContaining('Call it')]);
    const long = refusalOf(`${'w'.repeat(196)}.csv`, format);
    expect(long?.hint).toEqual(
      format === 'archive' ? expect.stringContaining('Call it') : `Leave the name out, and one is made; ${OTHERWISE}`,
    );
  });
});

test('a document never has the name of the notes beside an archive', () => {
  for (const name of ['x.zip.json', 'x.zip.age.json', 'x.json.json', 'x.json.gz.json'])
    expect([name, refusalOf(name, 'document')?.code]).toEqual([name, 'NAME_INVALID']);
  expect(['x.zip', 'x.json.zip', 'x.zip.age', 'x'].map(documentName)).toEqual(['x.json', 'x.json', 'x.json', 'x.json']);
});
