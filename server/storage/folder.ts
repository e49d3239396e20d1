import { lstat, open } from 'node:fs/promises';
import { systemCode } from './failures.ts';

/** Whether anything has this name, a symbolic link to nowhere included. */
export async function exists(path: string): Promise<boolean> {
  return (await lstat(path).catch(ignoreMissing)) !== undefined;
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
