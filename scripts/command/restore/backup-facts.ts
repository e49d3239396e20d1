import { shortName } from '../../../db/model/model.ts';
import { pickTables } from '../../../db/model/pick.ts';
import { type Origin, originInUrl, originOf } from '../../../server/archive/manifest/origin.ts';
import type { Archive } from '../../../server/archive/reader.ts';
import type { JsonDocument } from '../../../server/document/file-kind.ts';
import { peekMetadata } from '../../../server/document/read.ts';
import { documentFacts } from '../../../server/library/list-documents.ts';
import { formatCounted } from '../format.ts';

/** Facts about the rows to restore, as shown to a person. */
export interface BackupFacts {
  /** The chosen tables in words. */
  tables: string;
  /** Rows of the chosen tables. */
  rows: number | null;
  timestamp: string | null;
  createdBy: string | null;
  from: Origin;
}

/** Returns the facts of an archive. Throws UNKNOWN_TABLE for a chosen table that the backup does not hold. */
export function factsOf({ manifest }: Archive, chosen: string[] | undefined): BackupFacts {
  const { metadata } = manifest;
  const tables = chosen ? pickTables(manifest.tables, chosen, 'The backup') : manifest.tables;
  return {
    tables: chosen ? tables.map(shortName).join(', ') : formatCounted(tables.length, 'table'),
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    timestamp: metadata.timestamp,
    createdBy: metadata.createdBy,
    from: originOf(manifest),
  };
}

/** Returns only what the document states itself: it is read as a whole after the question. */
export async function readDocumentFacts(
  document: JsonDocument | null,
  chosen: string[] | undefined,
  signal: AbortSignal,
): Promise<BackupFacts> {
  const metadata = document ? await peekMetadata(document.bytes(signal)) : {};
  const { rows, timestamp, createdBy } = documentFacts(metadata);
  return {
    tables: chosen ? chosen.join(', ') : 'every table it holds',
    rows: chosen ? null : rows,
    timestamp,
    createdBy,
    from: originInUrl(typeof metadata.databaseUrl === 'string' ? metadata.databaseUrl : ''),
  };
}
