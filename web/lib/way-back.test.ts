import { expect, test } from 'bun:test';
import { wayBack } from './way-back.ts';

test('wayBack() leads to pages of the panel and never to another site', () => {
  expect(wayBack('/backups?search=a')).toBe('/backups?search=a');
  for (const to of [
    undefined,
    '',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/sign-in?to=/',
  ])
    expect(wayBack(to)).toBe('/');
});
