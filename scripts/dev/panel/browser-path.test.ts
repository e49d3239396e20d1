import { expect, test } from 'bun:test';
import { findBrowser } from './browser-path.ts';

const having =
  (...paths: string[]) =>
  (path: string) =>
    paths.includes(path);

test('findBrowser() takes the headless shell before the whole browser, and what CHROMIUM names before both', () => {
  const [shell, whole, own] = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium', '/opt/chrome'] as const;
  expect(findBrowser(null, having(whole, shell))).toBe(shell);
  expect(findBrowser(null, having(whole))).toBe(whole);
  expect(findBrowser(null, having())).toBeNull();
  expect(findBrowser(own, having(whole, own))).toBe(own);
  expect(findBrowser(own, having(whole, shell))).toBeNull();
});
