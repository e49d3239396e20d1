import { withMutex } from '../core/mutex.ts';
import type { Sidecar, Storage } from '../storage/storage.ts';
import { freshNotes } from './mark-checked.ts';

/** What a person may change about a stored backup without touching it. */
export interface NoteChange {
  pinned?: boolean;
  /** Null takes the note away. */
  note?: string | null;
}

export interface Notes {
  /** Changes the notes beside an archive and resolves with them. Lost notes are made again from the archive. Throws NOT_FOUND, or what opening says. */
  change(name: string, change: NoteChange): Promise<Sidecar>;
}

/** Changes wait for each other, and for a verification that notes itself; see `withMutex`. */
export function createNotes(storage: Storage): Notes {
  return { change: (name, change) => withMutex(storage, name, () => rewrite(storage, name, change)) };
}

async function rewrite(storage: Storage, name: string, change: NoteChange): Promise<Sidecar> {
  const notes = { ...((await storage.readSidecar(name)) ?? (await freshNotes(storage, name))), ...change };
  await storage.writeSidecar(name, notes);
  return notes;
}
