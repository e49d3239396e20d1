import { expect, test } from 'bun:test';
import { returnPath } from './return-path.ts';

test('wayBack() leads to pages of the panel and never to another site', () => {
  expect(returnPath('/backups?search=a')).toBe('/backups?search=a');
  for (const to of [
    undefined,
    '',
    '//evil.example',
    '/\\evil.example',
    'https://evil.example',
    'javascript:alert(1)',
    '/sign-in?to=/',
  ])
    expect(returnPath(to)).toBe('/');
});
