import type { Operation, OperationState } from '../../api.ts';
import { words } from '../../strings/shared.ts';
import type { Tone } from '../../ui/badge.tsx';

export const STATE_TONES: Readonly<Record<OperationState, Tone>> = {
  queued: 'calm',
  running: 'brand',
  succeeded: 'good',
  failed: 'bad',
  cancelled: 'calm',
};

/** Returns whether the operation made a backup that lacks something nobody left out on purpose. */
export function isIncomplete({ state, result }: Pick<Operation, 'state' | 'result'>): boolean {
  return state === 'succeeded' && result?.['outcome'] === 'partial';
}

/** Returns the title of an operation: its kind and its subject, also while it waits and its backup has no file yet. */
export function operationTitle({
  kind,
  archive,
  parameters,
}: Pick<Operation, 'kind' | 'archive' | 'parameters'>): string {
  if (kind === 'plan') return words.operation.planTitle(archive);
  if (kind === 'restore') return words.operation.restoreTitle(archive);
  if (kind !== 'backup' || archive !== null) return words.operation.title(kind, archive);
  const { name } = parameters;
  if (typeof name === 'string') return words.operation.title(kind, `${name.replace(/\.zip$/i, '')}.zip`);
  return words.operation.unnamedTitle(textListField(parameters, 'tables').map(tableLabel));
}

/** Returns the milliseconds the operation took, or has taken so far; null before it has begun. */
export function elapsedMs({ startedAt, finishedAt }: Operation, now: Date): number | null {
  if (startedAt === null) return null;
  return (finishedAt === null ? now.getTime() : Date.parse(finishedAt)) - Date.parse(startedAt);
}

/** Returns a number of a record's result. */
export function numberField(result: Operation['result'], key: string): number | null {
  const value = result?.[key];
  return typeof value === 'number' ? value : null;
}

/** Returns how many rows a restore changed that changed only those that differ; null for any other operation. */
export function changedRows(result: Operation['result']): number | null {
  const changes = result?.['changes'];
  if (typeof changes !== 'object' || changes === null) return null;
  const counts = Object.values(changes).flatMap((table) => Object.values(table ?? {}));
  return counts.reduce((sum: number, rows) => sum + (typeof rows === 'number' ? rows : 0), 0);
}

/** Returns the texts of a record's result. */
export function textListField(result: Operation['result'], key: string): string[] {
  const value = result?.[key];
  return Array.isArray(value) ? value.filter((text) => typeof text === 'string') : [];
}

/** Returns a table's name without its schema when that is the usual one. */
export function tableLabel(name: string): string {
  return name.startsWith('public.') ? name.slice('public.'.length) : name;
}

/** One backup in the history. */
export interface HistoryPoint {
  at: string;
  size: number;
  /** Milliseconds; null when the record of its operation is gone. */
  took: number | null;
}
