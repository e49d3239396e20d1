import { words } from '../../strings/shared.ts';
import { connectionSeen } from './connection.ts';
import { failureFrom, made } from './failure.ts';
import { reach } from './reach.ts';

/** A line of tRPC's streamed answer: the id of its promise or stream, its status, and the wrapped value or the error. */
type Line = [of: number, how: number, value?: [[unknown?]] | Shape];

interface Shape {
  error?: Shape;
  data?: { backup?: { error?: Parameters<typeof failureFrom>[0] } };
}

/**
 * Sends an order by POST whose answer is streamed, and resolves once its first piece has come. Order and pieces reject with a `Failure`.
 * tRPC's own link for this would be loaded with the first page.
 */
export async function orderPieces<Piece extends object>(
  path: string,
  input: object,
  signal: AbortSignal,
): Promise<AsyncGenerator<Piece, void>> {
  const pieces = read<Piece>(path, input, signal);
  const first = await pieces.next();
  return (async function* () {
    if (first.done) return;
    yield first.value;
    yield* pieces;
  })();
}

async function* read<Piece extends object>(
  path: string,
  input: object,
  signal: AbortSignal,
): AsyncGenerator<Piece, void> {
  try {
    const response = await reach(`/trpc/${path}?batch=1`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'trpc-accept': 'application/jsonl' },
      body: JSON.stringify({ 0: input }),
      signal,
    });
    connectionSeen(true);
    const { body, headers, status } = response;
    if (!body || !headers.get('content-type')?.includes('json'))
      throw made('CONNECTION_LOST', words.failure.notOurs(status), words.failure.notOursHint);
    for await (const line of linesOf(body)) {
      const value = Array.isArray(line) ? (line as Line)[2] : (line as Shape);
      const piece = Array.isArray(value) ? value[0][0] : value;
      if (typeof piece !== 'object' || piece === null) continue;
      refuse(piece, headers.get('x-request-id'));
      // A value wrapped once is a piece; wrapped twice it is another promise or stream of the answer.
      if (Array.isArray(value) && value.length === 1) yield piece as Piece;
    }
  } catch (error) {
    // An error without a hint is the connection's.
    if (typeof error === 'object' && error !== null && 'hint' in error) throw error;
    if (!signal.aborted) connectionSeen(false);
    throw made('CONNECTION_LOST', words.failure.noAnswer, words.failure.noAnswerHint);
  }
}

function refuse({ error, data = error?.data }: Shape, reference: string | null): void {
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
