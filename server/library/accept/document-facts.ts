import { z } from 'zod';
import { maskDatabaseUrl } from '../../../db/connect/mask-url.ts';
import type { LoadedJson } from './load-document.ts';

/** Position of a sequence according to the document. */
export interface StatedSequence {
  schema: string;
  name: string;
  lastValue: string;
  isCalled: boolean;
}

/** Facts for an archive's manifest taken from a document's metadata, as far as they are well-formed. */
export interface DocumentFacts {
  version: string;
  time: Date;
  backupId: string;
  createdBy: string;
  databaseUrl: string;
  sequences: StatedSequence[];
  /** Contradictions between the document's metadata and its content. */
  warnings: string[];
}

const lenient = <T extends z.ZodType>(schema: T) => schema.optional().catch(undefined);

const sequenceSchema = z.object({
  schema: z.string(),
  name: z.string(),
  lastValue: z.string().regex(/^-?\d{1,19}$/),
  isCalled: z.boolean(),
});

const metadataSchema = z.object({
  sequences: lenient(z.array(sequenceSchema)),
  version: lenient(z.string().min(1).max(100)),
  timestamp: lenient(z.iso.datetime({ offset: true })),
  databaseUrl: lenient(z.string().max(2000)),
  totalRecords: lenient(z.number()),
  backupId: lenient(z.uuid()),
  createdBy: lenient(z.string().min(1).max(500)),
  /** Rows for each array, as the HRMS's old tool counted them. */
  tables: lenient(z.record(z.string(), z.unknown())),
});

/** First and last day that a ZIP can express. */
const [OLDEST, NEWEST] = [Date.UTC(1980, 0, 2), Date.UTC(2107, 11, 30)];

/** Takes from a document's metadata what can be trusted. `now` and `id` replace what is missing. */
export function documentFacts(loaded: LoadedJson, now: Date, id: string): DocumentFacts {
  const metadata = metadataSchema.parse(loaded.metadata);
  const warnings: string[] = [];
  const stated = metadata.timestamp === undefined ? Number.NaN : Date.parse(metadata.timestamp);
  const dated = stated >= OLDEST && stated <= NEWEST;
  if (!dated) warnings.push('The document does not say when it was made; the time of its acceptance stands for it.');
  const rows = [...loaded.tables.values()].reduce((sum, table) => sum + table.rows, 0);
  if (metadata.totalRecords !== undefined && metadata.totalRecords !== rows)
    warnings.push(`metadata.totalRecords says ${metadata.totalRecords} rows, the document holds ${rows}.`);
  for (const [table, { rows: found }] of loaded.tables) {
    const names = [table.key, ...table.aliases];
    const counted = names.map((name) => metadata.tables?.[name]).find((count) => typeof count === 'number');
    if (counted !== undefined && counted !== found)
      warnings.push(`metadata.tables says ${counted} rows of ${table.key}, the document holds ${found}.`);
  }
  return {
    version: metadata.version ?? '1.0.0',
    time: dated ? new Date(stated) : now,
    backupId: metadata.backupId ?? id,
    createdBy: metadata.createdBy ?? 'unknown',
    // Its writer claims to have masked it; masking again costs nothing.
    databaseUrl: maskDatabaseUrl(metadata.databaseUrl ?? ''),
    sequences: metadata.sequences ?? [],
    warnings,
  };
}
