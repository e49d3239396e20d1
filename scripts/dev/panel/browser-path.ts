import { existsSync } from 'node:fs';

/** Path of the browser named by CHROMIUM, or null. */
export const NAMED_BROWSER = process.env['CHROMIUM'] ?? null;

/**
 * Packages of Debian that bring a browser, the preferred one first; each installs a program of its name. The headless shell is the same
 * engine without windows, and takes two thirds of the processor time.
 */
export const BROWSER_PACKAGES = ['chromium-headless-shell', 'chromium'];

/** Returns the path of the browser for tests, screenshots and measurements, or null when this machine has none. */
export function findBrowser(named = NAMED_BROWSER, exists: (path: string) => boolean = existsSync): string | null {
  const paths = named === null ? BROWSER_PACKAGES.map((name) => `/usr/bin/${name}`) : [named];
  return paths.find(exists) ?? null;
}
