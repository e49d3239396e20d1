/** The browser somebody has named with CHROMIUM, or null. */
export const NAMED_BROWSER = process.env['CHROMIUM'] ?? null;

/** The browser of the tests, the pictures and the measurements: Debian's Chromium, unless another is named. */
export const BROWSER = NAMED_BROWSER ?? '/usr/bin/chromium';
