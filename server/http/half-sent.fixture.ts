import { connect, type Socket } from 'node:net';

/** A request whose body has begun, and is continued by hand. */
export interface HalfSent {
  socket: Socket;
  /** Returns everything received so far. */
  answer(): string;
  /** Resolves when the connection is closed. */
  closed: Promise<void>;
}

/** Sends the head of a request and four bytes of a body of `length`. `headers` are lines. */
export async function sendPart(url: string, request: string, headers: string, length = 1000): Promise<HalfSent> {
  const { host, port } = new URL(url);
  const closed = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  let answer = '';
  const socket = connect(Number(port), '127.0.0.1', () => {
    const lines = [`${request} HTTP/1.1`, `Host: ${host}`, `Content-Length: ${length}`, headers, '', 'half'];
    socket.write(lines.join('\r\n'), () => begun.resolve());
  });
  socket.on('data', (bytes: Buffer) => {
    answer += bytes.toString('latin1');
  });
  socket.on('error', () => undefined);
  socket.on('close', () => closed.resolve());
  await begun.promise;
  return { socket, answer: () => answer, closed: closed.promise };
}
