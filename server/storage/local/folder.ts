import { lstat, open, rmdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { systemCode } from '../failures.ts';

/** Whether anything has this name, a symbolic link to nowhere included. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined;
}

/** Removes a folder and those above it up to the given one, for as long as nothing is in them. */
export async function removeEmpty(folder: string, uppermost: string): Promise<void> {
  for (let at = folder; ; at = dirname(at)) {
    const removed = await rmdir(at).then(
      () => true,
      () => false,
    );
    if (!removed || at === uppermost || at === dirname(at)) return;
  }
}

/** Makes what was linked, renamed or removed in a folder durable: the folder is a file of its own. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** For `catch`: undefined when there is no such file; every other error is thrown on. */
export function ignoreMissing(error: unknown): undefined {
  if (systemCode(error) !== 'ENOENT') throw error;
}
