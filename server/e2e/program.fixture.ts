import { join } from 'node:path';
import type { TestDatabase } from '../../db/testing/database.ts';

const MAIN = join(import.meta.dir, '../main.ts');

/** A server in a process of its own, as `bun server/main.ts` starts it. */
export interface Program {
  url: string;
  pid: number;
  /** The operations it said it took. */
  took: string[];
  /** Everything it said. */
  lines: string[];
  /** What it said on stderr. */
  errors: string[];
  end(signal: NodeJS.Signals): Promise<number>;
}

export async function startProgram(
  setup: { database: TestDatabase; folder: string; directUrl: string },
  settings: Record<string, string> = {},
  prefix: string[] = [],
): Promise<Program> {
  const child = Bun.spawn([...prefix, process.execPath, MAIN], {
    cwd: setup.folder,
    env: {
      PORT: '0',
      DATABASE_URL: setup.database.url,
      DATABASE_DIRECT_URL: setup.directUrl,
      BACKUP_DIR: join(setup.folder, 'backups'),
      SECRET_KEY: 'k'.repeat(40),
      WORKER_OPERATIONS: '1',
      WORKER_NICENESS: '0',
      BACKUP_JOBS: '2',
      ...settings,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const lines: string[] = [];
  const took: string[] = [];
  const ready = Promise.withResolvers<string>();
  ready.promise.catch(() => undefined);
  const onLine = (line: string) => {
    lines.push(line);
    const url = /answers at (\S+?)\/?$/.exec(line)?.[1];
    if (url !== undefined) ready.resolve(url);
    if (line.includes('"operation taken"')) took.push(JSON.parse(line).operationId);
  };
  const errors: string[] = [];
  const complained = eachLine(child.stderr, (line) => errors.push(line));
  const read = eachLine(child.stdout, onLine).then(async () => {
    await complained;
    ready.reject(new Error(`the server ended: ${[...lines, ...errors].join('\n')}`));
  });
  return {
    url: await ready.promise,
    pid: child.pid,
    took,
    lines,
    errors,
    async end(signal) {
      child.kill(signal);
      await read;
      return await child.exited;
    },
  };
}

async function eachLine(stream: ReadableStream<Uint8Array>, onLine: (line: string) => void): Promise<void> {
  let text = '';
  const decoder = new TextDecoder();
  for await (const bytes of stream) {
    const pieces = (text + decoder.decode(bytes, { stream: true })).split('\n');
    text = pieces.pop() ?? '';
    for (const line of pieces) onLine(line);
  }
  if (text !== '') onLine(text);
}
