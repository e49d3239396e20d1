import { expect, test } from 'bun:test';
import { withTimeout } from './timeout.ts';

const never = new AbortController().signal;
const silent = new Promise<string>(() => undefined);

test('withTimeout() gives what was asked, or its failure', async () => {
  expect(await withTimeout(never, 'No answer.', Promise.resolve('here'))).toBe('here');
  expect(await withTimeout(never, 'No answer.', Promise.reject(new Error('gone'))).catch(String)).toBe('Error: gone');
});

test('withTimeout() is STALLED with its message when the limit comes first, and when it was there before', async () => {
  const limit = new AbortController();
  const waiting = withTimeout(limit.signal, 'No answer.', silent);
  limit.abort();
  for (const asked of [waiting, withTimeout(limit.signal, 'No answer.', silent)])
    expect(await asked.catch((error: unknown) => error)).toMatchObject({ code: 'STALLED', message: 'No answer.' });
});
