import { words } from '../../strings/shared.ts';
import { recordConnection } from './connection.ts';
import { failureFrom, panelFailure } from './failure.ts';
import { probedFetch } from './probed-fetch.ts';

/** A line of tRPC's streamed answer: the id of its promise or stream, its status, and the wrapped value or the error. */
type Line = [of: number, how: number, value?: [[unknown?]] | ErrorShape];

interface ErrorShape {
  error?: ErrorShape;
  data?: { backup?: { error?: Parameters<typeof failureFrom>[0] } };
}

/**
 * Sends a mutation whose response is streamed, and resolves once its first item has come. The mutation and its items reject with a `Failure`.
 * tRPC's own link for this would be loaded with the first page.
 */
export async function streamMutation<Item extends object>(
  path: string,
  input: object,
  signal: AbortSignal,
): Promise<AsyncGenerator<Item, void>> {
  const items = read<Item>(path, input, signal);
  const first = await items.next();
  return (async function* () {
    if (first.done) return;
    yield first.value;
    yield* items;
  })();
}

async function* read<Item extends object>(
  path: string,
  input: object,
  signal: AbortSignal,
): AsyncGenerator<Item, void> {
  try {
    const response = await probedFetch(`/trpc/${path}?batch=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'trpc-accept': 'application/jsonl' },
      body: JSON.stringify({ 0: input }),
      signal,
    });
    recordConnection(true);
    const { body, headers, status } = response;
    if (!body || !headers.get('content-type')?.includes('json'))
      throw panelFailure('CONNECTION_LOST', words.failure.notOurs(status), words.failure.notOursHint);
    for await (const line of linesOf(body)) {
      const value = Array.isArray(line) ? (line as Line)[2] : (line as ErrorShape);
      const item = Array.isArray(value) ? value[0][0] : value;
      if (typeof item !== 'object' || item === null) continue;
      throwIfError(item, headers.get('x-request-id'));
      // A value wrapped once is a item; wrapped twice it is another promise or stream of the answer.
      if (Array.isArray(value) && value.length === 1) yield item as Item;
    }
  } catch (error) {
    // An error without a hint is the connection's.
    if (typeof error === 'object' && error !== null && 'hint' in error) throw error;
    if (!signal.aborted) recordConnection(false);
    throw panelFailure('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint);
  }
}

function throwIfError({ error, data = error?.data }: ErrorShape, reference: string | null): void {
  if (data?.backup?.error) throw failureFrom(data.backup.error, reference);
}

async function* linesOf(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const lines = (rest + decoder.decode(value, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line.trim() !== '') yield JSON.parse(line);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
