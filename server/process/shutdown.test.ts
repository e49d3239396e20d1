import { expect, test } from 'bun:test';
import { memoryLog } from '../http/app.fixture.ts';
import { endAll } from './shutdown.ts';

test('endAll() ends everything in order, whatever fails, and rejects with the first failure', async () => {
  const { log, lines } = memoryLog();
  const ended: string[] = [];
  const part = (name: string, fails: boolean) => ({
    name,
    async end() {
      ended.push(name);
      if (fails) throw new Error(`${name} failed`);
    },
  });
  const all = endAll([part('queue', false), part('desk', true), part('records', true), part('last', false)], log);
  await expect(all).rejects.toThrow('desk failed');
  expect(ended).toEqual(['queue', 'desk', 'records', 'last']);
  expect(lines.map((line) => JSON.parse(line).part)).toEqual(['desk', 'records']);
});
