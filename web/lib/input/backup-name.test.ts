import { expect, test } from 'bun:test';
import { checkChosenName } from '../../../server/backup/file-name.ts';
import { backupNameFault } from './backup-name.ts';

const STEMS = ['w', 'payroll.2026', 'a b', '-rf', '../up', 'Ü', '_x-1'];
const ENDINGS = [
  '',
  '.zip',
  '.ZIP',
  '.json',
  '.json.gz',
  '.json.zip',
  '.zip.age',
  '.tar.gz',
  '.sql',
  '.dump',
  '.csv',
  '.tgz',
  '.7z',
  '.zst',
  '.bz2',
  '.xz',
  '.v2',
];

function isRefused(name: string): boolean {
  try {
    checkChosenName(name, 'archive', '');
    return false;
  } catch {
    return true;
  }
}

test('the form for a new backup refuses the names that the server refuses, and no other', () => {
  for (const name of STEMS.flatMap((stem) => ENDINGS.map((ending) => stem + ending)))
    expect([name, backupNameFault(name) !== null]).toEqual([name, isRefused(name)]);
});

test('it says which ending to leave out', () => {
  expect(backupNameFault('w.json.gz')).toBe('A backup is a .zip file. Leave out .json.gz.');
  expect(backupNameFault('-w')).toBe('Begin with a letter, a digit or an underscore.');
});
