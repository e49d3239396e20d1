import { AppError } from './errors.ts';

export interface Listening {
  /** Where it answers, for people. */
  url: string;
  port: number;
  /** Whether the port wanted was busy and the next free one was taken. */
  moved: boolean;
  /** Lets requests under way finish, cutting those that take longer than `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Ports tried after the one wanted. */
const NEXT_PORTS = 50;

/**
 * Serves on `host` and `port`, or on the next free port when that one is busy; 0 takes any.
 * Throws CONFIG_INVALID when the address is not this machine's, the port is not allowed, or none near it is free.
 */
export function listen(options: {
  host: string;
  port: number;
  fetch: (request: Request) => Response | Promise<Response>;
}): Listening {
  const { host, port, fetch } = options;
  for (let candidate = port; candidate <= Math.min(port + NEXT_PORTS, 65_535); candidate++) {
    const server = serveOn(host, candidate, fetch);
    if (!server) continue;
    const taken = server.port ?? candidate;
    return {
      url: `http://${shownHost(host)}:${taken}/`,
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

/** Null when the port is busy. */
function serveOn(hostname: string, port: number, fetch: (request: Request) => Response | Promise<Response>) {
  try {
    return Bun.serve({ hostname, port, fetch, reusePort: false });
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : '';
    if (code === 'EADDRINUSE') return null;
    throw new AppError(
      'CONFIG_INVALID',
      `The server cannot listen on ${hostname}, port ${port} (${String(code) || 'refused'}).`,
      {
        hint: 'Set HOST to an address of this machine (127.0.0.1, or 0.0.0.0 for all) and PORT to one you may use, above 1023.',
        cause: error,
      },
    );
  }
}

/** An address a browser can open. */
function shownHost(host: string): string {
  if (['0.0.0.0', '::', ''].includes(host)) return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
