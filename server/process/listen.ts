import { readFile } from 'node:fs/promises';
import { AppError, failureBody, unexpected } from '../core/errors.ts';
import type { Connection } from '../http/env.ts';

export interface Listening {
  /** Address for people. */
  url: string;
  port: number;
  /** True when the wanted port was busy and the next free one was taken. */
  moved: boolean;
  /** Accepts nothing new and lets requests under way finish, cutting those that take longer than `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

export interface ListenOptions {
  host: string;
  port: number;
  fetch: (request: Request, connection: Connection) => Response | Promise<Response>;
  /** PEM texts; the server then uses HTTPS. */
  tls?: { cert: string; key: string } | null;
  /** Seconds without a byte after which a request or response is cut, unless its timeout is removed. At most 255. */
  idleSeconds?: number;
}

/** Ports tried after the one wanted. */
const NEXT_PORTS = 50;
const IDLE_SECONDS = 30;
/** No limit in Bun, which would refuse without a message: the routes measure bodies and say why they refuse. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

/**
 * Serves on `host` and `port`, or on the next free port when that one is busy; 0 takes any. Throws CONFIG_INVALID when
 * the address is not this machine's, the port is not allowed, none near it is free, or certificate and key are invalid
 * or do not belong together.
 */
export function listen(options: ListenOptions): Listening {
  const { host, port } = options;
  for (let candidate = port; candidate <= Math.min(port + NEXT_PORTS, 65_535); candidate++) {
    const server = serveOn(candidate, options);
    if (!server) continue;
    const taken = server.port ?? candidate;
    return {
      url: `${options.tls ? 'https' : 'http'}://${shownHost(host)}:${taken}/`,
      port: taken,
      moved: port !== 0 && taken !== port,
      async stop(graceMs) {
        const cut = AbortSignal.timeout(graceMs);
        cut.addEventListener('abort', () => void server.stop(true), { once: true });
        await server.stop(false);
      },
    };
  }
  throw new AppError('CONFIG_INVALID', `Port ${port} and the ${NEXT_PORTS} after it are busy on ${host}.`, {
    hint: 'Set PORT to a free port, or to 0 for any.',
  });
}

/** Reads TLS_CERT and TLS_KEY. Throws CONFIG_INVALID naming the one that cannot be read. */
export async function readTls(files: { certFile: string; keyFile: string }): Promise<{ cert: string; key: string }> {
  const read = async (setting: string, file: string) => {
    try {
      return await readFile(file, 'utf8');
    } catch (cause) {
      const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'refused';
      throw new AppError('CONFIG_INVALID', `${setting} cannot be read: ${file} (${code}).`, {
        hint: 'Name a PEM file that this user may read.',
        cause,
      });
    }
  };
  return { cert: await read('TLS_CERT', files.certFile), key: await read('TLS_KEY', files.keyFile) };
}

/** Returns the server, or null when the port is busy. Throws CONFIG_INVALID. */
function serveOn(port: number, { host, fetch, tls, idleSeconds }: ListenOptions) {
  try {
    return Bun.serve({
      hostname: host,
      port,
      reusePort: false,
      idleTimeout: idleSeconds ?? IDLE_SECONDS,
      maxRequestBodySize: NO_LIMIT,
      ...(tls && { tls }),
      fetch: (request, server) =>
        fetch(request, {
          peer: server.requestIP(request)?.address ?? null,
          encrypted: Boolean(tls),
          disableTimeout: () => server.timeout(request, 0),
          restoreTimeout: () => server.timeout(request, idleSeconds ?? IDLE_SECONDS),
          isOpen: () => server.requestIP(request) !== null,
          // For a file that Bun sends by itself, the timeout counts from here, whatever flows.
          cut: () => server.timeout(request, 1),
        }),
      // The app's own error handler catches everything; should it ever fail, no stack is shown.
      error: (error) => Response.json(failureBody(unexpected(error), new Date()), { status: 500 }),
    });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (code === 'EADDRINUSE') return null;
    if (tls && !/^E[A-Z]+$/.test(code)) {
      throw new AppError('CONFIG_INVALID', 'TLS_CERT and TLS_KEY hold no certificate and key that go together.', {
        hint: 'Both must be PEM; the certificate first, then those that signed it.',
        cause: error,
      });
    }
    throw new AppError('CONFIG_INVALID', `The server cannot listen on ${host}, port ${port} (${code || 'refused'}).`, {
      hint: 'Set HOST to an address of this machine (127.0.0.1, or 0.0.0.0 for all) and PORT to one you may use, above 1023.',
      cause: error,
    });
  }
}

/** Returns an address a browser can open. */
function shownHost(host: string): string {
  if (['0.0.0.0', '::', ''].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
