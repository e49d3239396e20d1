/** Programs in order of precedence; most browsers also name those they resemble. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\bEdgA?\//, 'Edge'],
  [/\bOPR\//, 'Opera'],
  [/\bSamsungBrowser\//, 'Samsung Internet'],
  [/\b(Firefox|FxiOS)\//, 'Firefox'],
  [/\bChromium\/|\bHeadlessChrome\//, 'Chromium'],
  [/\b(Chrome|CriOS)\//, 'Chrome'],
  [/\bVersion\/.*Safari\//, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\bAndroid\b/, 'Android'],
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bWindows\b/, 'Windows'],
  [/\bMacintosh\b/, 'macOS'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bLinux\b|\bX11\b/, 'Linux'],
];

/** Guesses program and system from a `User-Agent`, for people to read; it proves nothing. Null for each part it does not name. Pure. */
export function browserName(userAgent: string): { program: string | null; system: string | null } {
  const named = (list: typeof PROGRAMS) => list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  // A script names itself first: `curl/8.5.0`.
  const own = /^(?!Mozilla\/)([\w.-]+)\//.exec(userAgent)?.[1] ?? null;
  return { program: own ?? named(PROGRAMS), system: named(SYSTEMS) };
}
