import { storedColumns } from '../../../db/model/model.ts';
import type { ManifestTable } from '../../archive/manifest/manifest.ts';
import { type Archive, describeEntry } from '../../archive/reader.ts';
import { comparedAs, readRows } from '../../archive/rows/read-rows.ts';
import { printable } from '../../core/bytes.ts';

const VALUE_CHARACTERS = 60;

/** Names rows of a table, given by ascending position, by primary key; by chunk and row number where the table has none. */
export async function nameRows(archive: Archive, table: ManifestTable, rowNumbers: number[]): Promise<string[]> {
  const stored = storedColumns(table);
  const key = table.primaryKey?.columns.map((name) => ({
    name,
    position: stored.findIndex((one) => one.name === name),
  }));
  const byKey = key?.every(({ position }) => position !== -1) ? key : null;
  const names: string[] = [];
  const as = comparedAs(archive.manifest);
  const shown = (value: string | null) =>
    value === null || as === 'text' ? value : printable(Buffer.from(value, 'latin1'));
  let first = 0;
  for (const entry of archive.chunks(table)) {
    const wanted = new Set(
      rowNumbers
        .filter((rowNumber) => rowNumber >= first && rowNumber < first + entry.rows)
        .map((rowNumber) => rowNumber - first),
    );
    first += entry.rows;
    if (wanted.size === 0) continue;
    const last = Math.max(...wanted);
    if (!byKey) {
      for (const at of wanted) names.push(`row ${at + 1} of ${describeEntry(entry)}`);
      continue;
    }
    let at = 0;
    for (const row of readRows(entry, await archive.readEntry(entry), stored, as)) {
      if (wanted.has(at))
        names.push(
          byKey.map(({ name, position }) => `${name} = ${shortened(shown(row[position] ?? null))}`).join(', '),
        );
      if (at++ >= last) break;
    }
  }
  return names;
}

function shortened(value: string | null): string {
  if (value === null) return 'NULL';
  return value.length > VALUE_CHARACTERS ? `${value.slice(0, VALUE_CHARACTERS)}…` : value;
}
