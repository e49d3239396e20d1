import { expect, spyOn, test } from 'bun:test';
import { QueryObserver } from '@tanstack/solid-query';
import { recordConnection } from './connection.ts';
import { createPanelQueryClient, keys } from './queries.ts';

test('when the server answers again everything is asked again, but rows of an archive that are there', async () => {
  // The panel logs there what it has no words for.
  const log = spyOn(console, 'error').mockReturnValue();
  const client = createPanelQueryClient();
  const asked: string[] = [];
  const look = async (name: string, queryKey: readonly unknown[], answer: () => string) => {
    const queryFn = async () => {
      asked.push(name);
      return answer();
    };
    const observer = new QueryObserver(client, { queryKey, queryFn, retry: false });
    const answered = Promise.withResolvers<void>();
    const leave = observer.subscribe(({ isFetching }) => {
      if (!isFetching) answered.resolve();
    });
    await answered.promise;
    return leave;
  };
  const leaves = [
    await look('shown', [...keys.rows, 'revealed', 1], () => 'people'),
    await look('failed', [...keys.rows, 'revealed', 2], () => {
      throw new Error('no answer');
    }),
    await look('status', keys.status, () => 'well'),
  ];
  asked.length = 0;
  recordConnection(false);
  recordConnection(true);
  expect(asked.toSorted()).toEqual(['failed', 'status']);
  for (const leave of leaves) leave();
  client.clear();
  expect(log).toHaveBeenCalledTimes(1);
  log.mockRestore();
});
