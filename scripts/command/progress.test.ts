import { expect, test } from 'bun:test';
import type { ProgressEvent } from '../../server/core/progress.ts';
import { createProgress } from './progress.ts';

function display(style: 'line' | 'plain', columns = 200) {
  let at = 0;
  const written: string[] = [];
  const progress = createProgress({
    style,
    columns: () => columns,
    now: () => new Date(at),
    write: (text) => written.push(text),
  });
  const event = (ms: number, facts: Partial<ProgressEvent>) => {
    at = ms;
    progress.onProgress({ stage: 'copy', rows: 0, bytes: 0, totalBytes: 0, ...facts });
  };
  const tick = (ms: number) => {
    at = ms;
    progress.tick();
  };
  return { written, event, tick, clear: progress.clear };
}

const MIB = 1024 * 1024;

test('plain progress writes a line at each new stage and then every five seconds', () => {
  const { written, event } = display('plain');
  event(0, { stage: 'prepare' });
  for (let ms = 100; ms <= 10_000; ms += 100) event(ms, { rows: ms, bytes: ms * 1000, totalBytes: 20_000_000 });
  expect(written.map((line) => line.split('  ')[0])).toEqual(['preparing\n', 'copying', 'copying']);
  expect(written.every((line) => line.endsWith('\n') && !line.includes('\r'))).toBe(true);
});

test('progress shows share, rows, bytes, rate, time left and the table', () => {
  const { written, event } = display('line');
  event(0, { totalBytes: 100 * MIB });
  event(2000, { rows: 12_345, bytes: 20 * MIB, totalBytes: 100 * MIB, table: 'public.staff' });
  expect(written.at(-1)).toBe(
    '\rcopying  20 %  12,345 rows  20.0 MiB of 100 MiB  10.0 MiB/s  8.0 s left  public.staff\x1b[K',
  );
});

test('progress never claims to be done by an estimate that was too low', () => {
  const { written, event } = display('line');
  event(0, { bytes: 30, totalBytes: 20 });
  expect(written.at(-1)).toContain('99 %');
  expect(written.at(-1)).not.toContain('of 20 B');
});

test('a redrawn line is drawn at most ten times a second, fits the terminal, and can be cleared', () => {
  const { written, event, clear } = display('line', 30);
  for (let ms = 0; ms < 1000; ms++) event(ms, { rows: ms, bytes: ms, totalBytes: 1000, table: '漢字'.repeat(40) });
  expect(written.length).toBeLessThanOrEqual(10);
  for (const text of written) expect(Bun.stringWidth(text.replace('\r', '').replace('\x1b[K', ''))).toBeLessThan(30);
  clear();
  expect(written.at(-1)).toBe('\r\x1b[K');
});

test('a stage without news is still seen to be alive', () => {
  const { written, event, tick } = display('line');
  event(0, { stage: 'lock' });
  tick(3000);
  expect(written.at(-1)).toContain('locking the tables  for 3.0 s');
  event(3001, { stage: 'lock', blocked: true });
  expect(written.at(-1)).toContain('waiting for the tables');
});

test('a table’s name cannot move the cursor', () => {
  const { written, event } = display('plain');
  event(0, { table: 'public.\x1b[2J' });
  expect(written.join('')).not.toContain('\x1b');
});

test('a stage that counts rows alone shows rows a second, not bytes', () => {
  const { written, event } = display('line');
  event(0, { stage: 'apply', totalRows: 4000 });
  event(2000, { stage: 'apply', rows: 1000, totalRows: 4000 });
  expect(written.at(-1)).toBe('\rapplying  25 %  1,000 rows  500 rows/s  6.0 s left\x1b[K');
});
