import type { Requirement } from './caller.ts';

/**
 * Rights of every procedure and route. Whatever gives people's data away or changes it requires step-up. An upload does
 * neither until it is restored, and taking an access away must be quick, so those do not.
 */
export const RIGHTS = {
  'auth.signIn': { scope: 'public' },
  'auth.breakGlass': { scope: 'public' },
  'auth.signOut': { scope: 'signed in', by: 'session' },
  'auth.signOutEverywhere': { scope: 'signed in', by: 'session' },
  'auth.me': { scope: 'signed in' },
  'auth.sessions': { scope: 'signed in', by: 'session' },
  'auth.endSession': { scope: 'signed in', by: 'session' },
  'auth.stepUp': { scope: 'signed in', by: 'person' },
  'backups.create': { scope: 'backups:create' },
  'backups.list': { scope: 'backups:read' },
  'backups.get': { scope: 'backups:read' },
  'backups.rows': { scope: 'backups:read' },
  'backups.reveal': { scope: 'backups:download', stepUp: true },
  'backups.find': { scope: 'backups:read' },
  'backups.findPeople': { scope: 'backups:download', stepUp: true },
  'backups.annotate': { scope: 'backups:annotate' },
  'backups.pin': { scope: 'backups:annotate' },
  'backups.unpin': { scope: 'backups:annotate' },
  'backups.verify': { scope: 'backups:verify' },
  'backups.remove': { scope: 'backups:delete', stepUp: true },
  'backups.downloadLink': { scope: 'backups:download', stepUp: true },
  'GET /api/backups/:id/download': { scope: 'backups:download', stepUp: true },
  'restores.plan': { scope: 'restores:run' },
  'restores.differences': { scope: 'restores:run' },
  'restores.revealDifferences': { scope: 'backups:download', stepUp: true },
  'restores.start': { scope: 'restores:run', stepUp: true },
  'operations.list': { scope: 'operations:read' },
  'operations.get': { scope: 'operations:read' },
  'operations.cancel': { scope: 'operations:cancel' },
  'operations.progress': { scope: 'operations:read' },
  'uploads.list': { scope: 'uploads:create' },
  'uploads.get': { scope: 'uploads:create' },
  'uploads.accept': { scope: 'uploads:create' },
  'uploads.remove': { scope: 'uploads:create' },
  'PUT /api/uploads': { scope: 'uploads:create' },
  '/api/uploads/tus': { scope: 'uploads:create' },
  'tokens.list': { scope: 'tokens:manage' },
  'tokens.create': { scope: 'tokens:manage', stepUp: true, by: 'session' },
  'tokens.revoke': { scope: 'tokens:manage' },
  'audit.list': { scope: 'audit:read' },
  'audit.verify': { scope: 'audit:read' },
  'GET /api/audit.csv': { scope: 'audit:read', stepUp: true },
  'system.status': { scope: 'system:read' },
} as const satisfies Record<string, Requirement>;

export type Action = keyof typeof RIGHTS;

/** Returns the requirement of an action; null for one not in the table, which nobody may do. */
export function rightOf(action: string): Requirement | null {
  return Object.hasOwn(RIGHTS, action) ? RIGHTS[action as Action] : null;
}
