import type { Socket } from 'node:net';
import { AppError } from '../../server/core/errors.ts';
import type { Endpoint } from './address/target.ts';
import { DatabaseClient } from './client.ts';
import { DialFault, isAnswering } from './dial.ts';

/** Milliseconds without a byte of an answer before the server is checked. */
const SILENT_MS = 1000;
/** Timeout of that check. It is a sign-in and a query, since a server that hangs may still accept connections, and a pooler before it sign-ins. */
const CHECK_MS = 1500;
/** Milliseconds to the first byte from a connection's own server, where several are listed. */
const ANSWER_MS = 1000;
/** Milliseconds between two checks while the server is away. */
const PAUSE_MS = 250;

/** Distinguishes a database that is slow with one statement from one that is gone. */
interface Liveness {
  /** Throws DATABASE_UNREACHABLE at once while the server is known to be away. */
  demand(): void;
  /** Destroys the socket when it waits for an answer and the server is away. Leaves a statement alone that only takes long. */
  watch(socket: Socket, endpoint: Endpoint): void;
  /** Settles as the given promise does. Rejects with DATABASE_UNREACHABLE when it is still pending and no server answers. */
  failIfUnreachable<Reached>(asked: Promise<Reached>): Promise<Reached>;
  close(): void;
}

/**
 * Watches the servers of one address, and sends no checks while they answer. Checks a server that is away until it is back; meanwhile
 * callers fail at once.
 */
export function watchLiveness(url: string): Liveness {
  const watched = new Set<{ socket: Socket; endpoint: Endpoint }>();
  const asked = new Map<string, Promise<boolean>>();
  let isUnreachable = false;
  let closed = false;

  /** Checks an endpoint; concurrent callers share one check. */
  const isThere = (endpoint: Endpoint) => {
    const key = JSON.stringify([endpoint.host, endpoint.address, endpoint.port]);
    const underWay = asked.get(key);
    if (underWay !== undefined) return underWay;
    const answer = isAnswering(endpoint, ANSWER_MS).finally(() => asked.delete(key));
    asked.set(key, answer);
    return answer;
  };
  let checking: Promise<boolean> | null = null;
  const answers = () =>
    (checking ??= isServing(url).finally(() => {
      checking = null;
    }));

  const pollUntilReachable = async () => {
    while (!closed && !(await answers())) await pause(PAUSE_MS);
    isUnreachable = false;
  };

  /** Returns true when no server answers; from then on callers fail at once. */
  const checkUnreachable = async () => {
    if (isUnreachable) return true;
    if (closed || (await answers())) return false;
    if (!isUnreachable) void pollUntilReachable();
    isUnreachable = true;
    for (const { socket } of watched) socket.destroy(unreachable());
    return true;
  };

  return {
    demand() {
      if (isUnreachable) throw unreachable();
    },
    watch(socket, endpoint) {
      const entry = { socket, endpoint };
      let timer: NodeJS.Timeout | null = null;
      let hasWritten = false;
      const rest = () => {
        if (timer) clearTimeout(timer);
        timer = null;
      };
      const wait = () => {
        rest();
        timer = setTimeout(look, SILENT_MS);
        timer.unref();
      };
      const look = async () => {
        const waiting = timer;
        // In parallel, so that nobody waits for both in turn.
        const [isOwnThere] = await Promise.all([isThere(endpoint), checkUnreachable()]);
        if (socket.destroyed || timer !== waiting || timer === null) return;
        // The driver writes first. If it has not, it has lost that message and never will.
        if (isOwnThere && hasWritten) wait();
        else socket.destroy(unreachable());
      };
      const write = socket.write.bind(socket);
      const watchedWrite: Writing = (bytes, then) => {
        hasWritten = true;
        if (!timer) wait();
        return write(bytes, then);
      };
      Object.assign(socket, { write: watchedWrite });
      socket.on('data', (bytes: Buffer) => {
        if (isReady(bytes)) rest();
        else if (timer) wait();
      });
      socket.on('close', () => {
        rest();
        watched.delete(entry);
      });
      watched.add(entry);
      wait();
    },
    async failIfUnreachable(attempt) {
      const ended = new AbortController();
      const lost = async (): Promise<never> => {
        do await pause(SILENT_MS, ended.signal);
        while (!ended.signal.aborted && !(await checkUnreachable()));
        throw unreachable();
      };
      try {
        return await Promise.race([attempt, lost()]);
      } finally {
        ended.abort();
      }
    },
    close() {
      closed = true;
    },
  };
}

/**
 * Runs `ask` over sessions of its own and returns its answer. Throws DATABASE_UNREACHABLE, and aborts the signal for those sessions, when
 * it does not end and no server answers.
 */
export async function whileReachable<Answer>(
  url: string,
  ask: (signal: AbortSignal) => Promise<Answer>,
): Promise<Answer> {
  const abandoned = new AbortController();
  const liveness = watchLiveness(url);
  try {
    return await liveness.failIfUnreachable(ask(abandoned.signal));
  } catch (error) {
    abandoned.abort();
    throw error;
  } finally {
    liveness.close();
  }
}

/** Returns true when a server of this address accepts a sign-in and answers a query, or at least refuses one in time. Never rejects. */
async function isServing(url: string): Promise<boolean> {
  const timeout = new AbortController();
  const client = new DatabaseClient({
    connectionString: url,
    application_name: 'palace-backup alive',
    signal: timeout.signal,
  });
  const late = setTimeout(() => {
    timeout.abort();
    client.connection.stream.destroy();
  }, CHECK_MS);
  try {
    await client.connect();
    await client.query('SELECT');
    await client.end();
    return true;
  } catch (error) {
    client.connection.stream.destroy();
    return !timeout.signal.aborted && !isNoAnswer(error);
  } finally {
    clearTimeout(late);
  }
}

/** Returns true when nobody answered, as opposed to a server that refuses. */
function isNoAnswer(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof DialFault) return cause.kind === 'network' || cause.kind === 'timeout';
  return false;
}

/** The signature by which the driver writes to a socket. */
type Writing = (bytes: Uint8Array, then?: (error?: Error | null) => void) => boolean;

/** Returns true when the server's last message is ReadyForQuery: it has nothing more to send. */
function isReady(bytes: Buffer): boolean {
  const at = bytes.length - 6;
  return at >= 0 && bytes[at] === 0x5a && bytes.readUInt32BE(at + 1) === 5;
}

function unreachable(): AppError {
  return new AppError('DATABASE_UNREACHABLE', 'The database does not answer.', {
    hint: 'Check that its server is running and can be reached. It is tried again all the time: repeat this when it is back.',
  });
}

function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
