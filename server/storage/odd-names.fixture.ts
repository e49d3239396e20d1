const PLAIN = /[A-Za-z0-9._-]/;
/** Characters of other scripts that look like, or are normalised into, characters special in a path. */
const LOOKALIKES = [
  '\u2024', // one dot leader
  '\u2025',
  '\u2044', // fraction slash
  '\u2215',
  '\uff0f', // full-width solidus
  '\uff0e',
  '\uff3c',
  '\u202e', // right-to-left override
  '\u2066',
  '\u200b', // zero-width space
  '\u200d',
  '\ufeff',
  '\u00a0',
  '\u2028',
  '\u00ad',
  '\u0301', // an accent for the letter before
  'é',
  'İ',
  'ß',
  'ﬁ',
  '备',
  'א',
  '😀',
  '\ud800',
  '\udc00',
  '\ufffd',
  '\uffff',
  '\u{10ffff}',
];
const PATHS = [
  '.',
  '..',
  '...',
  '/',
  '//',
  './x',
  '../x',
  '../../x',
  'x/..',
  'x/../y',
  '/etc/passwd',
  '\\x',
  '..\\x',
  'C:\\x',
  'C:x',
  '\\\\host\\share',
  '~/x',
  '%2e%2e%2fx',
  '..%2fx',
  '..%c0%afx',
  'x%00',
  'file:///x',
  'x\n../y',
  '$HOME',
  '$(id)',
  '`id`',
  'x;y',
  'x|y',
  'x>y',
  '*',
  '?',
  '{a,b}',
];

/**
 * Returns names no backup may have, with `.zip` appended where possible. They hold every non-plain character of the
 * first 256 at the beginning, middle and end, and lookalike characters. Others are paths, empty or too long.
 */
export function oddNames(): string[] {
  const characters = Array.from({ length: 256 }, (_, code) => String.fromCharCode(code)).filter(
    (one) => !PLAIN.test(one),
  );
  const around = [...characters, ...LOOKALIKES].flatMap((one) => [`${one}a.zip`, `a${one}b.zip`, `a.zip${one}`]);
  const begun = ['.a.zip', '..a.zip', '.zip', '.palace-backup'];
  const long = [201, 255, 256, 1000, 5000].map((length) => `${'a'.repeat(length - 4)}.zip`);
  return [...new Set(['', ' ', ...around, ...PATHS, ...PATHS.map((path) => `${path}.zip`), ...begun, ...long])].filter(
    (name) => name !== '~.zip',
  );
}
