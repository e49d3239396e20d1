import type { Page } from 'playwright-core';
import type { Operation } from '../api.ts';

/** The stream of an operation, played by a test. */
export interface PlayedStream {
  /** The record as the server has it. */
  record: Operation;
  /** Sends the state of the operation from now on. */
  tell(news: Partial<Operation>): Promise<void>;
}

/** Opens the page of an ended operation and shows it in its state `before`. The caller then plays the following events. */
export async function playOperation(page: Page, id: string, before: Partial<Operation>): Promise<PlayedStream> {
  await page.addInitScript(() => {
    class Played extends EventTarget {
      readonly CLOSED = 2;
      readyState = 1;
      constructor() {
        super();
        Object.assign(window, { played: this });
      }
      close() {
        this.readyState = this.CLOSED;
      }
    }
    Object.assign(window, { EventSource: Played });
  });
  let record: Operation | null = null;
  await page.route(/\/trpc\/[^?]*operations\.get/, async (route) => {
    const response = await route.fetch();
    const answers = (await response.json()) as { result?: { data: { data: Partial<Operation> } } }[];
    for (const { result } of answers) {
      if (result?.data.data.id !== id) continue;
      record = { ...result.data.data } as Operation;
      Object.assign(result.data.data, before);
    }
    await route.fulfill({ response, json: answers });
  });
  await page.goto(`/operations/${id}`);
  await page.getByRole('progressbar').waitFor();
  await page.waitForFunction(() => Reflect.has(window, 'played'));
  if (!record) throw new Error(`nobody asked for ${id}`);
  const known: Operation = record;
  let now: Operation = { ...known, ...before };
  return {
    record: known,
    async tell(news) {
      now = { ...now, ...news, revision: now.revision + 1 };
      await page.evaluate((data) => {
        const stream = Reflect.get(window, 'played') as EventTarget;
        stream.dispatchEvent(new MessageEvent('message', { data, lastEventId: '1' }));
      }, JSON.stringify(now));
    },
  };
}
