import { expect, test } from 'bun:test';
import { browserName } from './browser-name.ts';

const KNOWN: Record<string, [string | null, string | null]> = {
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/150.0.0.0 Safari/537.36': [
    'Chromium',
    'Linux',
  ],
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0':
    ['Edge', 'Windows'],
  'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Mobile Safari/537.36': [
    'Chrome',
    'Android',
  ],
  'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1':
    ['Safari', 'iPhone'],
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:140.0) Gecko/20100101 Firefox/140.0': ['Firefox', 'macOS'],
  'curl/8.5.0': ['curl', null],
  'Bun/1.4.5': ['Bun', null],
  '': [null, null],
  'Mozilla/5.0': [null, null],
};

for (const [userAgent, [program, system]] of Object.entries(KNOWN)) {
  test(`“${userAgent.slice(-40)}” is ${program ?? 'unknown'} on ${system ?? 'nothing it says'}`, () => {
    expect(browserName(userAgent)).toEqual({ program, system });
  });
}
