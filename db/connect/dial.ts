import { connect, isIP, type Socket } from 'node:net';
import tls, { type TLSSocket } from 'node:tls';
import type { Endpoint } from './address/target.ts';
import type { TlsSettings } from './tls.ts';

/** Protection of a connection: never TLS, TLS where the server supports it, or TLS or nothing. */
export type Protection = 'plain' | 'tls-or-plain' | 'tls';

export interface DialOptions {
  protection: Protection;
  tls: TlsSettings | null;
  /** True for TLS from the first byte instead of a request for it. */
  direct: boolean;
  sendName: boolean;
  timeoutMs: number;
  signal: AbortSignal;
  /** TCP keepalive: whether it is on, and the idle time before the first probe; 0 keeps the system's default. */
  on: boolean;
  idleMs: number;
}

/** A failure before sign-in, by what the server said or failed to say. */
export class DialFault extends Error {
  readonly kind: 'no-tls' | 'not-postgres' | 'timeout' | 'tls' | 'network';
  readonly code: string | undefined;
  constructor(kind: DialFault['kind'], message: string, cause?: unknown) {
    super(message, { cause });
    this.kind = kind;
    const code = (cause as { code?: unknown } | undefined)?.code;
    this.code = typeof code === 'string' ? code : undefined;
  }
}

const SSL_REQUEST = Uint8Array.of(0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f);

/**
 * Opens a socket to a server and negotiates TLS as asked. The socket is ready for the protocol's first message and has no listeners. Throws
 * a DialFault, with the socket destroyed.
 */
export async function dial(endpoint: Endpoint, options: DialOptions): Promise<Socket | TLSSocket> {
  options.signal.throwIfAborted();
  const onSocket = isSocketFile(endpoint);
  const socket = socketTo(endpoint);
  const open: { stream: Socket } = { stream: socket };
  const failed = Promise.withResolvers<never>();
  const abort = () => failed.reject(options.signal.reason);
  options.signal.addEventListener('abort', abort, { once: true });
  const late = () => failed.reject(new DialFault('timeout', 'the server did not answer in time'));
  const timer = options.timeoutMs > 0 ? setTimeout(late, options.timeoutMs) : null;
  try {
    return await Promise.race([negotiate(endpoint, options, onSocket, open), failed.promise]);
  } catch (error) {
    open.stream.on('error', () => undefined);
    open.stream.destroy();
    socket.destroy();
    throw error;
  } finally {
    failed.promise.catch(() => undefined);
    if (timer) clearTimeout(timer);
    options.signal.removeEventListener('abort', abort);
  }
}

async function negotiate(
  endpoint: Endpoint,
  options: DialOptions,
  onSocket: boolean,
  open: { stream: Socket },
): Promise<Socket> {
  const socket = open.stream;
  await once(socket, 'connect', 'network');
  socket.setNoDelay(true);
  if (!onSocket && options.on) socket.setKeepAlive(true, options.idleMs);
  if (onSocket || options.protection === 'plain' || options.tls === null) return socket;
  if (!options.direct) {
    const answered = once(socket, 'data', 'network');
    socket.write(SSL_REQUEST);
    const answer = (await answered) as Buffer;
    // Bytes beyond the first, before TLS begins, were injected by somebody in between.
    if (answer.length !== 1) throw new DialFault('not-postgres', 'the server answered in another protocol');
    if (answer[0] === 0x4e /* N */) {
      if (options.protection === 'tls-or-plain') return socket;
      throw new DialFault('no-tls', 'the server does not offer TLS');
    }
    if (answer[0] !== 0x53 /* S */) throw new DialFault('not-postgres', 'the server answered in another protocol');
  }
  const named = isIP(endpoint.host) === 0;
  const secured = tls.connect({
    ...options.tls.options,
    socket,
    host: endpoint.host,
    ...(named && options.sendName && { servername: endpoint.host }),
    ...(options.direct && { ALPNProtocols: ['postgresql'] }),
  });
  open.stream = secured;
  await once(secured, 'secureConnect', 'tls');
  if (options.direct && secured.alpnProtocol !== 'postgresql')
    throw new DialFault('no-tls', 'the server does not know TLS from the first byte');
  return secured;
}

/** Returns true when a server answers a new connection in time. Never rejects. */
export async function isAnswering(endpoint: Endpoint, limitMs: number): Promise<boolean> {
  const socket = socketTo(endpoint);
  const late = setTimeout(() => socket.destroy(), limitMs);
  try {
    await once(socket, 'connect', 'network');
    const answered = once(socket, 'data', 'network');
    socket.write(SSL_REQUEST);
    await answered;
    return true;
  } catch {
    return false;
  } finally {
    clearTimeout(late);
    socket.on('error', () => undefined);
    socket.destroy();
  }
}

function isSocketFile({ host, address }: Endpoint): boolean {
  return host.startsWith('/') && address === null;
}

function socketTo(endpoint: Endpoint): Socket {
  const { host, address, port } = endpoint;
  return isSocketFile(endpoint)
    ? connect({ path: `${host}/.s.PGSQL.${port}` })
    : connect({ host: address ?? host, port });
}

/** Waits for one event. Rejects with a fault when the socket fails or ends first. */
function once(socket: Socket, event: 'connect' | 'data' | 'secureConnect', kind: 'network' | 'tls'): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const done = (value?: unknown) => {
      socket.off(event, done).off('error', fail).off('close', ended);
      resolve(value);
    };
    const fail = (error: Error) => {
      socket.off(event, done).off('close', ended);
      reject(error instanceof DialFault ? error : new DialFault(kind, error.message, error));
    };
    const ended = () => fail(new DialFault(event === 'connect' ? kind : 'network', 'the server hung up'));
    socket.once(event, done).once('error', fail).once('close', ended);
  });
}
