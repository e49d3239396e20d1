import { auditRouter } from './audit.ts';
import { authRouter } from './auth.ts';
import { backupsRouter } from './backups/backups.ts';
import { operationsRouter } from './operations.ts';
import type { ApiParts } from './parts.ts';
import { restoresRouter } from './restores/restores.ts';
import { systemRouter } from './system/system.ts';
import { tokensRouter } from './tokens.ts';
import { createTrpc } from './trpc.ts';
import { uploadsRouter } from './uploads.ts';

/** Creates the router of all procedures: one router per noun, from ready parts. */
export function createRouter(parts: ApiParts) {
  const trpc = createTrpc(parts);
  return trpc.router({
    auth: authRouter(trpc, parts),
    backups: backupsRouter(trpc, parts),
    restores: restoresRouter(trpc, parts),
    operations: operationsRouter(trpc, parts),
    uploads: uploadsRouter(trpc, parts),
    tokens: tokensRouter(trpc, parts),
    audit: auditRouter(trpc, parts),
    system: systemRouter(trpc, parts),
  });
}
