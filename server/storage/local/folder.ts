import { lstat, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../failures.ts';

/** Returns whether anything has this name, dangling symbolic links included. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined;
}

/** Removes a folder and its parents up to the given one, as long as they are empty. */
export async function removeEmpty(folder: string, uppermost: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!removed || at === uppermost || at === dirname(at)) return;
  }
}

/** Makes links, renames and removals in a folder durable, because a folder has to be synced like a file. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Handles a rejection in `catch`: returns undefined when there is no such file, and throws any other error. */
export function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
