import type { ObjectName } from '../../../db/model/model.ts';
import type { LiveLeaf } from '../catalog/catalog.ts';
import type { StagingTable } from '../staging/staging.ts';

/** The move of one table from staging to live. */
export interface TableLoad {
  live: ObjectName & { oid: number; partitioned: boolean; leaves: LiveLeaf[] };
  staging: StagingTable;
  /** Columns that come from the archive, in any order. */
  columns: string[];
  rows: number;
}
