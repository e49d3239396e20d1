import { type ObjectName, qualifiedName } from '../../db/model/model.ts';
import { chunkForms } from '../archive/rows/chunk-forms.ts';
import type { ArchiveWriter } from '../archive/writer.ts';
import type { OnProgress } from '../core/progress.ts';
import type { CopyPart } from '../postgres/copy-parts.ts';
import { copyTables } from '../postgres/copy-tables.ts';
import type { SnapshotSessions } from '../postgres/snapshot.ts';
import { explainLongRow } from './checks/long-row.ts';
import { refuseOddText } from './checks/odd-text.ts';

/** Copies every part into the archive, several at a time. The first failure stops everything and is the error thrown. */
export async function copyParts(
  parts: CopyPart[],
  snapshot: SnapshotSessions,
  writer: ArchiveWriter,
  options: { connections: number; signal: AbortSignal; onProgress: OnProgress },
): Promise<void> {
  const report = progressOf(parts, options.onProgress);
  await copyTables(parts, snapshot, {
    connections: options.connections,
    signal: options.signal,
    doing: 'The backup',
    async take(part, content, rows) {
      await addChunk(writer, part, content, rows);
      report.add(part, content.length, rows);
    },
    onRead: report.done,
    explain: (error, part) => explainLongRow(error, part, snapshot),
  });
}

async function addChunk(writer: ArchiveWriter, part: CopyPart, content: Uint8Array, rows: number): Promise<void> {
  refuseOddText(part, content);
  for (const form of chunkForms(content, rows, part.columns.length))
    await writer.addChunk({ table: part.table, ...form });
}

/** Reports progress in heap bytes, which are known beforehand; the CSV bytes of a part only measure how far it has come. */
function progressOf(parts: CopyPart[], onProgress: OnProgress) {
  const totalBytes = parts.reduce((sum, part) => sum + part.bytes, 0);
  const underWay = new Map<CopyPart, number>();
  const copied = new Set<CopyPart>();
  let finished = 0;
  let rows = 0;
  const emit = (table: ObjectName) => {
    let bytes = finished;
    for (const [part, seen] of underWay) bytes += Math.min(seen, part.bytes);
    onProgress({ stage: 'copy', rows, bytes, totalBytes, table: qualifiedName(table) });
  };
  return {
    add(part: CopyPart, bytes: number, added: number) {
      rows += added;
      // The last chunks of a part may still be compressing after all its rows have been read.
      if (!copied.has(part)) underWay.set(part, (underWay.get(part) ?? 0) + bytes);
      emit(part.table);
    },
    done(part: CopyPart) {
      copied.add(part);
      underWay.delete(part);
      finished += part.bytes;
      emit(part.table);
    },
  };
}
