/** Path of the browser named by CHROMIUM, or null. */
export const NAMED_BROWSER = process.env['CHROMIUM'] ?? null;

/** Path of the browser for tests, screenshots and measurements: Debian's Chromium, unless another is named. */
export const BROWSER = NAMED_BROWSER ?? '/usr/bin/chromium';
