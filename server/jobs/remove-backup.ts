import { AppError } from '../core/errors.ts';
import type { Storage } from '../storage/storage.ts';
import type { Desk } from './queue/desk.ts';

/**
 * Removes a stored backup or document with its sidecar. Throws INPUT_INVALID while it is pinned, OPERATION_IN_PROGRESS
 * while a queued or running operation uses it, and NOT_FOUND.
 */
export async function removeBackup(
  { storage, desk }: { storage: Pick<Storage, 'readSidecar' | 'remove'>; desk: Pick<Desk, 'list'> },
  name: string,
): Promise<void> {
  // Read from the sidecar itself: another server may have pinned it a moment ago.
  if ((await storage.readSidecar(name))?.pinned) throw pinned(name);
  await refuseWhileUsed(desk, name);
  await storage.remove(name);
}

function pinned(name: string): AppError {
  return new AppError('INPUT_INVALID', `${name} is pinned and is not removed.`, {
    hint: 'Unpin it first if you really want to remove it.',
    details: { pinned: true },
  });
}

async function refuseWhileUsed(desk: Pick<Desk, 'list'>, name: string): Promise<void> {
  for (let before: string | undefined; ; ) {
    const page = await desk.list({
      states: ['queued', 'running'],
      limit: 100,
      ...(before !== undefined && { before }),
    });
    const user = page.operations.find(
      (operation) => operation.archive === name || operation.parameters['archive'] === name,
    );
    if (user) throw usedBy(user.kind, user.state, user.id, name);
    if (page.next === null) return;
    before = page.next;
  }
}

function usedBy(kind: string, state: string, operationId: string, name: string): AppError {
  return new AppError('OPERATION_IN_PROGRESS', `${name} is being used by a ${kind} that is ${state}.`, {
    hint: 'Wait for it, or cancel it.',
    details: { operationId },
  });
}
