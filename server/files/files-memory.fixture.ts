/**
 * Runs a server of the bytes routes in a process of its own, so that its memory can be measured. Arguments: database
 * URL, folder. Prints its URL; ends with its input.
 */

import { join } from 'node:path';
import { Hono } from 'hono';
import { openRecords } from '../../db/system/records.ts';
import type { AppEnv } from '../api/context.ts';
import { failureBody } from '../core/errors.ts';
import { acceptanceOf } from '../jobs/uploads/acceptance.fixture.ts';
import { SCOPES } from '../security/caller.ts';
import { createLocalStorage } from '../storage/local/local.ts';
import { createUploadArea } from '../storage/uploads.ts';
import { OPEN_CONNECTION } from '../testing/connection.fixture.ts';
import { fileRoutes } from './files.ts';

/** The script to start. */
export const FILES_SERVER_SCRIPT = import.meta.path;

if (import.meta.main) {
  const [url = '', folder = ''] = process.argv.slice(2);
  const { records } = openRecords(url, { connections: 2 });
  const app = new Hono<AppEnv>();
  app.use(async (c, next) => {
    c.set('caller', {
      kind: 'token',
      actor: 'test',
      tokenId: 'test',
      access: null,
      adminId: 'a',
      email: 'a',
      role: 'SUPER_ADMIN',
      scopes: new Set(SCOPES),
      address: '::1',
    });
    c.set('requestId', 'r');
    c.set('connection', OPEN_CONNECTION);
    await next();
  });
  const storage = createLocalStorage(folder);
  const area = createUploadArea(join(folder, '.uploads'));
  const { acceptance } = await acceptanceOf({ records, storage, area }, url);
  app.route(
    '/',
    fileRoutes({
      records,
      storage,
      area,
      acceptance,
      maxUploadBytes: 1024 ** 3,
      readCaller: () => Promise.reject(new Error('nobody asks for so long')),
      waitingLimits: { uploads: 1000, bytes: 1024 ** 4, unknown: 1 },
      now: () => new Date(),
      newId: () => crypto.randomUUID(),
      fail: (error) => Response.json({ ...failureBody(error, new Date()), cause: String(error) }, { status: 500 }),
      audit: { append: async () => undefined, rows: async function* () {} },
      nameOf: async () => {
        throw new Error('no ids here');
      },
      readLink: () => Promise.reject(new Error('no links here')),
      readHolder: () => Promise.reject(new Error('nobody asks for so long')),
    }),
  );
  const server = Bun.serve({
    port: 0,
    hostname: '127.0.0.1',
    idleTimeout: 0,
    maxRequestBodySize: Number.MAX_SAFE_INTEGER,
    fetch: (request) => app.fetch(request),
  });
  console.log(server.url.href);
  for await (const _ of Bun.stdin.stream()) {
    // Until the parent closes it.
  }
  process.exit(0);
}
