import { quoteIdent, quoteName } from '../../../db/model/quote.ts';
import type { LiveTable } from '../catalog/catalog.ts';
import type { StagingTable } from '../staging/staging.ts';
import type { KeyColumn } from './row-key.ts';

/** A table whose rows of the backup are in staging, and its rows of today. */
export interface ComparedTable {
  live: Pick<LiveTable, 'schema' | 'name' | 'partitioned' | 'leaves'>;
  staging: StagingTable;
  /** Columns that come from the backup; no others are compared. */
  columns: string[];
  /** Columns that tell rows apart; null when rows can only be compared as a whole. */
  key: KeyColumn[] | null;
  /** Number of staged rows. */
  rows: number;
  /** Number of differences beyond which nobody looks for more; absent: all are found. */
  most?: number;
}

/** SQL for the rows on either side, with their columns called c1, c2 and so on. */
export class RowSource {
  readonly staged: string;
  readonly live: string;
  readonly columns: string[];

  constructor({ live, staging, columns }: ComparedTable) {
    this.columns = columns.map((_, index) => `c${index + 1}`);
    const asText = new Set(staging.columns.filter(({ becomes }) => becomes !== undefined).map(({ name }) => name));
    const staged = columns.map(quoteIdent);
    const today = columns.map((name) => (asText.has(name) ? textOf(quoteIdent(name)) : quoteIdent(name)));
    // A foreign partition is outside every backup, and no restore writes to it.
    const local = live.leaves.filter(({ foreign }) => !foreign);
    const whole = live.partitioned && local.length === live.leaves.length;
    const from = whole ? [quoteName(live)] : local.map((leaf) => `ONLY ${quoteName(leaf)}`);
    this.staged = `(SELECT true, ${staged.join(', ')} FROM ${quoteName(staging)})`;
    this.live =
      from.length === 0
        ? `(SELECT true, ${today.join(', ')} FROM ONLY ${quoteName(live)})`
        : `(${from.map((relation) => `SELECT true, ${today.join(', ')} FROM ${relation}`).join(' UNION ALL ')})`;
  }

  /** Returns SQL for the SHA-256 of a row's text, which as an array's keeps NULL apart from any word, and one value from the next. */
  hashOf(alias: string): string {
    const texts = this.columns.map((column) => textOf(`${alias}.${column}`));
    return `pg_catalog.sha256(pg_catalog.convert_to(ARRAY[${texts.join(', ')}]::text, pg_catalog.getdatabaseencoding()))`;
  }

  as(alias: string): string {
    return `${alias}(present, ${this.columns.join(', ')})`;
  }
}

/** Returns SQL for a value's text as its type writes it, NULL for NULL. A cast to text would take the spaces off `character(n)`. */
export function textOf(value: string): string {
  return `CASE WHEN pg_catalog.num_nulls(${value}) = 0 THEN pg_catalog.concat(${value}) END`;
}
