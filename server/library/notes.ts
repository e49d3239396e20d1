import { withMutex } from '../core/mutex.ts';
import type { Sidecar, Storage } from '../storage/storage.ts';
import { freshNotes } from './mark-checked.ts';

/** Changes a person may make to a stored backup without touching the archive. */
export interface NoteChange {
  pinned?: boolean;
  /** Text of the note; null removes it. */
  note?: string | null;
}

export interface Notes {
  /**
   * Changes the sidecar of an archive and resolves with it. Rebuilds a lost sidecar from the archive. Throws NOT_FOUND,
   * or what opening the archive throws.
   */
  change(name: string, change: NoteChange): Promise<Sidecar>;
}

/**
 * Returns notes whose changes run one at a time, also with respect to a verification that writes the sidecar; see
 * `withMutex`.
 */
export function createNotes(storage: Storage): Notes {
  return { change: (name, change) => withMutex(storage, name, () => rewrite(storage, name, change)) };
}

async function rewrite(storage: Storage, name: string, change: NoteChange): Promise<Sidecar> {
  const notes = { ...((await storage.readSidecar(name)) ?? (await freshNotes(storage, name))), ...change };
  await storage.writeSidecar(name, notes);
  return notes;
}
