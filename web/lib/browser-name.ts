/** The first that fits counts: most browsers also call themselves by the names of those they resemble. */
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

/** What a `User-Agent` calls itself: a guess for people, proof of nothing. Null for what it does not say. Pure. */
export function browserName(userAgent: string): { program: string | null; system: string | null } {
  const named = (list: typeof PROGRAMS) => list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  // A script names itself first: `curl/8.5.0`.
  const own = /^(?!Mozilla\/)([\w.-]+)\//.exec(userAgent)?.[1] ?? null;
  return { program: own ?? named(PROGRAMS), system: named(SYSTEMS) };
}
