import { OF_ARCHIVES } from './archives.ts';
import { OF_BACKUP } from './backup.ts';
import type { Breakage } from './breakage.ts';
import { OF_RESTORE } from './restore.ts';
import { OF_ROWS } from './rows.ts';
import { OF_SERVICE } from './service.ts';

/** At least three breakages for each promise of DESIGN.md, and one for each step of create, stage, apply, rows, accept and sign-in. */
export const BREAKAGES: readonly Breakage[] = [...OF_BACKUP, ...OF_RESTORE, ...OF_ROWS, ...OF_ARCHIVES, ...OF_SERVICE];
