import { expect, test } from 'bun:test';
import { AppError } from './errors.ts';
import { lastingFault } from './lasting-fault.ts';

const SAYS = { fault: 'it failed', over: 'it works again' };

/** Returns a log that remembers, and a clock that tests move. */
function parts() {
  const lines: { at: number; facts: Record<string, unknown>; message: string }[] = [];
  const clock = { ms: 0 };
  const write = (facts: object, message: string) => lines.push({ at: clock.ms, facts: { ...facts }, message });
  return { lines, clock, log: { error: write, info: write }, now: () => new Date(clock.ms) };
}

test('a fault that lasts is logged at once, then at growing intervals with its count, and its end once', () => {
  const { lines, clock, log, now } = parts();
  using fault = lastingFault(log, { ...SAYS, now });
  fault.works();
  expect(lines).toEqual([]);
  const error = new AppError('DATABASE_UNREACHABLE', 'The database does not answer.');
  // Nine times a second, for an hour.
  for (; clock.ms < 3_600_000; clock.ms += 111) fault.failed(error);
  const seconds = lines.map(({ at }) => Math.round(at / 1000));
  expect(seconds).toEqual([0, 10, 30, 70, 150, 310, 630, 1270, 2550]);
  expect(lines[0]?.facts).toEqual({ error });
  expect(lines[1]?.facts).toMatchObject({ error, since: '1970-01-01T00:00:00.000Z', failures: 91 });
  const said = lines.slice(1).reduce((sum, { facts }) => sum + Number(facts['failures']), 1);
  fault.works();
  fault.works();
  expect(lines.at(-1)).toMatchObject({ message: 'it works again', facts: { since: '1970-01-01T00:00:00.000Z' } });
  expect(Number(lines.at(-1)?.facts['failures'])).toBeGreaterThan(said);
  expect(lines).toHaveLength(10);
  fault.failed(error);
  expect(lines).toHaveLength(11);
});

test('another fault meanwhile is logged at once, and two that alternate do not fill the log', () => {
  const { lines, clock, log, now } = parts();
  using fault = lastingFault(log, { ...SAYS, now });
  const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED' });
  const starting = Object.assign(new Error('starting'), { code: '57P03' });
  for (; clock.ms < 10_000; clock.ms += 100) fault.failed(clock.ms % 200 === 0 ? refused : starting);
  expect(lines.map(({ facts }) => facts)).toEqual([{ error: refused }, { error: starting }]);
});

test('where nobody says that it works, some time without a failure says so', async () => {
  const { lines, log, now } = parts();
  using fault = lastingFault(log, { ...SAYS, now, quietMs: 20 });
  fault.failed(new Error('once'));
  while (lines.length < 2) await Bun.sleep(5);
  expect(lines[1]?.message).toBe('it works again');
});
