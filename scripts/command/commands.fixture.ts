import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from './cli.ts';
import type { Flags } from './flags.ts';

const SCRIPTS = join(import.meta.dir, '..');

/** One command, as needed by tests over all of them. */
export interface AnyCommand extends Command<Flags> {
  /** Text of its script. */
  source: string;
}

/** Finds every command by what its script exports; scripts for work on the program itself export nothing. */
export async function allCommands(): Promise<AnyCommand[]> {
  const found: AnyCommand[] = [];
  for (const file of (await readdir(SCRIPTS)).sort()) {
    if (!/^[a-z-]+\.ts$/.test(file)) continue;
    const path = join(SCRIPTS, file);
    const source = await readFile(path, 'utf8');
    if (!source.includes('export const command: Command<')) continue;
    const { command }: { command: Omit<AnyCommand, 'source'> } = await import(path);
    found.push({ ...command, source });
  }
  return found;
}
