/** Outcome of a call, on any route and in any form of response. */
export interface Outcome {
  status: number;
  /** The failure's code; null for a success. */
  code: string | null;
  /** The body as sent. */
  text: string;
  failure: {
    code: string;
    message: string;
    hint?: string;
    details?: Record<string, unknown>;
    timestamp: string;
  } | null;
}

interface Failed {
  error?: { code?: unknown; data?: { backup?: { error?: Outcome['failure'] } } };
  success?: boolean;
}

/** Reads a response to its end: one call, a batch's first, an event stream, a streamed response, or a raw route. */
export async function readOutcome(response: Response): Promise<Outcome> {
  const text = await response.text();
  const failure = failureOf(response.headers.get('content-type') ?? '', text);
  return { status: response.status, code: failure?.code ?? null, text, failure };
}

function failureOf(type: string, text: string): Outcome['failure'] {
  if (type.startsWith('text/event-stream')) {
    const data = text.match(/event: serialized-error\ndata: (.*)\n/)?.[1];
    return data ? (JSON.parse(data).data.backup.error ?? null) : null;
  }
  if (type.startsWith('application/jsonl')) {
    const found = text.match(/"backup":(\{"success":false.*?"timestamp":"[^"]*"\},"timestamp":"[^"]*"\})/)?.[1];
    return found ? (JSON.parse(found).error ?? null) : null;
  }
  if (text === '') return null;
  const body: unknown = JSON.parse(text.split('\n')[0] ?? '');
  const first: Failed = Array.isArray(body) ? body[0] : body;
  if (first.success === false) return (first.error as unknown as Outcome['failure']) ?? null;
  return first.error?.data?.backup?.error ?? null;
}
