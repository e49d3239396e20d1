import { Hono } from 'hono';
import type { AppEnv } from '../api/context.ts';
import { AppError } from '../core/errors.ts';
import { auditCsv } from './audit-csv.ts';
import { type Audited, audited } from './audited.ts';
import { download } from './download.ts';
import type { FileParts, FilesContext } from './parts.ts';
import { createTus, TUS_PATH } from './tus.ts';
import { upload } from './upload.ts';

/**
 * Creates the routes that carry bytes: `PUT /api/uploads`, tus under `/api/uploads/tus`, `GET|HEAD
 * /api/backups/:id/download`, `GET|HEAD /api/audit.csv`. They check rights themselves; the app identifies the caller,
 * limits rates and handles CORS. The app must also allow `server.timeout(request, 0)`: while an archive is verified
 * nothing is sent.
 */
export function fileRoutes(parts: FileParts): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();
  const tus = createTus(parts);

  routes.onError((error, c) => {
    if (!(error instanceof AppError)) c.get('log').error({ err: error, path: c.req.path }, 'a bytes route failed');
    return parts.fail(error);
  });

  routes.put('/api/uploads', (c) => audited(parts, c, 'PUT /api/uploads', 'all', (notes) => upload(parts, c, notes)));
  routes.on(['POST', 'PATCH', 'DELETE', 'OPTIONS', 'GET'], [TUS_PATH, `${TUS_PATH}/:upload`], (c) => tus(c));
  // Hono answers HEAD by the route of GET.
  routes.get('/api/backups/:id/download', (c) =>
    audited(parts, c, 'GET /api/backups/:id/download', rowsFor(c), (notes) => download(parts, c, notes)),
  );
  routes.get('/api/audit.csv', (c) => audited(parts, c, 'GET /api/audit.csv', rowsFor(c), () => auditCsv(parts, c)));
  return routes;
}

/** Returns the audit mode of a download: HEAD only reads headers, so it gets a row only when denied. */
function rowsFor(c: FilesContext): Audited {
  return c.req.method === 'HEAD' ? 'denied' : 'all';
}
