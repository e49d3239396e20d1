import { expect } from 'bun:test';

const NAME = /^[a-z_][a-z0-9_]*$/;
const SAMPLE =
  /^([a-zA-Z_:][\w:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]?\d+)?|[+-]Inf|NaN)$/;
const UNITS = /_(seconds|bytes|info|operations|backups|up|requests|rows)$/;

/**
 * Fails the test unless a text follows the Prometheus text format strictly. HELP and TYPE precede the samples of a
 * family, and each family comes once. Names end in a unit, counters and only they in `_total`; buckets only grow and
 * end in +Inf with the count.
 */
export function expectPlainExposition(text: string): void {
  const types = new Map<string, string>();
  const helped = new Set<string>();
  const samples = new Set<string>();
  const buckets = new Map<string, number>();
  const counts = new Map<string, number>();
  let family = '';
  for (const line of text.split('\n')) {
    if (line === '') continue;
    const [, help] = /^# HELP (\S+) \S.*$/.exec(line) ?? [];
    if (help !== undefined) {
      expect(helped).not.toContain(help);
      helped.add(help);
      continue;
    }
    const [, named, type] = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line) ?? [];
    if (named !== undefined && type !== undefined) {
      expect([...types.keys()]).not.toContain(named);
      expect(helped).toContain(named);
      checkName(named, type);
      types.set(named, type);
      family = named;
      continue;
    }
    const [, name = '', labels = '', value = ''] = SAMPLE.exec(line) ?? [];
    expect([line, name]).not.toEqual([line, '']);
    expect(samples).not.toContain(`${name}{${labels}}`);
    samples.add(`${name}{${labels}}`);
    const isHistogram = types.get(family) === 'histogram';
    const base = isHistogram ? name.replace(/_(bucket|sum|count)$/, '') : name;
    expect(base).toBe(family);
    const series = `${base}{${labels.replace(/le="[^"]*",?/, '')}}`;
    if (isHistogram && name.endsWith('_bucket')) {
      expect(Number(value)).toBeGreaterThanOrEqual(buckets.get(series) ?? 0);
      buckets.set(series, Number(value));
    }
    if (isHistogram && name.endsWith('_count')) counts.set(series, Number(value));
  }
  expect(types.size).toBeGreaterThan(0);
  expect(buckets).toEqual(counts);
}

function checkName(name: string, type: string): void {
  expect(name).toMatch(NAME);
  expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
  expect(name.replace(/_total$/, '')).toMatch(UNITS);
  expect(name).not.toMatch(/_(counter|gauge|histogram|count|sum|bucket)$/);
}
